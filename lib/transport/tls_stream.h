#pragma once

#include "lib/transport/frame_stream.h"

#include <string>

namespace carbonedge {

/// Frames over mutual TLS 1.3, `address` as parse_host_port() takes it. See docs/transport.md.
std::unique_ptr<FrameStream> connect_tls(const std::string& address, const std::string& peer,
                                         const StreamOptions& options);
std::unique_ptr<FrameListener> listen_tls(const std::string& address, const StreamOptions& options);

}  // namespace carbonedge
