#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// Writes `content` to a file beside `path` and renames it into place, so that a reader never sees half a file and a
/// failure leaves the old one. `path` "-" writes to `standard_output`. Refuses an existing file unless `overwrite`.
/// Throws EnvironmentError naming the path.
void write_output(const std::string& path, bool overwrite, std::string_view content, std::ostream& standard_output);

/// The whole of a file, or of `standard_input` for "-". Throws InputError where it cannot be read.
std::string read_input(const std::string& path, std::istream& standard_input);

}  // namespace carbonedge
