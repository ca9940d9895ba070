#pragma once

#include "lib/transport/descriptor.h"

#include <string>

namespace carbonedge {

/// A connected unix stream socket. Throws EnvironmentError.
Descriptor connect_unix_socket(const std::string& path, const std::string& peer);
/// Makes the socket file `path`, which the caller removes. Throws EnvironmentError.
Descriptor listening_unix_socket(const std::string& path);

}  // namespace carbonedge
