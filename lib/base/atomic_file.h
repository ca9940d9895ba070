#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// Refuses what write_output() would refuse: an existing file without `overwrite`. A tool that works for minutes asks
/// first. Throws EnvironmentError naming the path and the remedy.
void check_output(const std::string& path, bool overwrite);

/// Writes `content` to a file beside `path` and renames it into place, so that a reader never sees half a file and a
/// failure leaves the old one, whose permissions are kept. A symbolic link stays one: what it points at is replaced.
/// `path` "-" writes to `standard_output`. Refuses an existing file unless `overwrite`, even one that appears
/// meanwhile. Throws EnvironmentError naming the path.
void write_output(const std::string& path, bool overwrite, std::string_view content, std::ostream& standard_output);

/// The same for a secret: a file that only its owner may read and write (mode 0600), whatever an old one allowed.
void write_private_file(const std::string& path, bool overwrite, std::string_view content);

/// The whole of a file, or of `standard_input` for "-". Throws InputError where it cannot be read.
std::string read_input(const std::string& path, std::istream& standard_input);

}  // namespace carbonedge
