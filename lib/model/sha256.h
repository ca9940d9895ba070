#pragma once

#include <string>

namespace carbonedge {

/// Lower-case hexadecimal SHA-256 of a file. Throws InputError where it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace carbonedge
