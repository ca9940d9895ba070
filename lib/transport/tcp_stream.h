#pragma once

#include "lib/transport/frame_stream.h"

#include <string>

namespace carbonedge {

/// Frames over TCP in the clear, `address` as parse_host_port() takes it.
std::unique_ptr<FrameStream> connect_tcp(const std::string& address, const std::string& peer,
                                         const StreamOptions& options);
std::unique_ptr<FrameListener> listen_tcp(const std::string& address, const StreamOptions& options);

}  // namespace carbonedge
