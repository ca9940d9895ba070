#pragma once

#include "lib/transport/frame_stream.h"

namespace carbonedge {

/// Frames over unix stream sockets. `path` is where the socket file is; the listener makes it and removes it.
std::unique_ptr<FrameStream> connect_unix(const std::string& path, const std::string& peer,
                                          const StreamOptions& options);
std::unique_ptr<FrameListener> listen_unix(const std::string& path, const StreamOptions& options);

}  // namespace carbonedge
