#pragma once

#include "lib/profile/profile.h"

#include <string>

namespace carbonedge {

/// What a person wants to know of a profile at once: the whole, the slowest layers, memory, energy, failed checks,
/// warnings. Several lines, each ended.
std::string profile_summary(const Profile& profile);

}  // namespace carbonedge
