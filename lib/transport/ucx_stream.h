#pragma once

#include "lib/transport/frame_stream.h"

#include <string>

namespace carbonedge {

/// Frames over whatever UCX finds best between two ends (InfiniBand verbs, shared memory, TCP), in the clear; for
/// fabrics that are trusted. `address` as parse_host_port() takes it. Throws EnvironmentError where this build has no
/// UCX.
std::unique_ptr<FrameStream> connect_ucx(const std::string& address, const std::string& peer,
                                         const StreamOptions& options);
std::unique_ptr<FrameListener> listen_ucx(const std::string& address, const StreamOptions& options);

}  // namespace carbonedge
