#pragma once

#include "lib/transport/frame_stream.h"

#include <string>

namespace carbonedge {

/// Frames through memory that both processes see; they meet at the unix socket `path`, over which descriptors pass and
/// which tells of the other's end. Both must be of one user. See docs/transport.md.
std::unique_ptr<FrameStream> connect_shm(const std::string& path, const std::string& peer,
                                         const StreamOptions& options);
std::unique_ptr<FrameListener> listen_shm(const std::string& path, const StreamOptions& options);

}  // namespace carbonedge
