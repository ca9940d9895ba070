#pragma once

#include "lib/profile/profile.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Reads a profile CSV (docs/formats.md). `file` is for messages. Checks shape, order, known ids and units; every error
/// is an InputError with file and line. Reading and writing back gives the same bytes.
Profile read_profile(std::string_view text, const std::string& file);
std::string write_profile(const Profile& profile);

}  // namespace carbonedge
