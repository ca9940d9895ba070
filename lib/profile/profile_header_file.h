#pragma once

#include "lib/profile/profile.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// The `# key: JSON value` lines at the top of a profile.
struct ProfileHeaderExtent {
    std::size_t bytes = 0;  ///< where the CSV begins
    long lines = 0;
};

/// Fills everything but the layers. Throws InputError with file and line.
ProfileHeaderExtent read_profile_header(std::string_view text, const std::string& file, Profile& profile);

void append_profile_header(std::string& out, const Profile& profile);

/// The largest count, byte size or duration in nanoseconds that a file may hold, and the largest sum of a column: above
/// it a double no longer tells neighbours apart.
inline constexpr std::int64_t kLargestCount = std::int64_t{1} << 53U;

}  // namespace carbonedge
