#pragma once

#include "lib/profile/profile.h"

#include <span>

namespace carbonedge {

/// One stage timed in a chain: what it took beyond its rows, and what crossed its inner borders.
struct BoundarySample {
    double borders = 1;      ///< inner borders of the stage: 1 at either end of a chain, 2 inside
    double bytes = 0;        ///< crossing them together
    double extra_ns = 0;     ///< measured time less the sum of its rows; noise may make it negative
    double measured_ns = 1;  ///< the stage's measured time: its error is taken to grow with it
};

/// Fixed and per-byte cost that explain the samples: least squares of extra_ns = borders x fixed + bytes x per_byte,
/// both not negative, each sample weighted by 1 / measured_ns, with Huber's weights (1.345 standard deviations) against
/// outliers. Zero cost for no samples.
BoundaryCost fit_boundary(std::span<const BoundarySample> samples);

}  // namespace carbonedge
