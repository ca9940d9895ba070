#pragma once

namespace carbonedge {

/// What the head of a frame may describe at most, besides its own length (FramePrefix::kLongestHead); networks and
/// pipelines have a handful of each.
inline constexpr int kMostFrameTensors = 1024;
inline constexpr int kMostFrameStages = 1024;
inline constexpr int kMostExtents = 32;

}  // namespace carbonedge
