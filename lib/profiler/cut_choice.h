#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// The legal cuts strictly inside a profile, in order.
std::vector<Cut> inner_legal_cuts(const Profile& profile);

/// At most `count` of `cuts`, spread evenly over the ranks of their crossing bytes, so that a fit sees small and large;
/// the least and the largest are among them. In order of position.
std::vector<Cut> spread_by_bytes(const std::vector<Cut>& cuts, std::size_t count);

/// At most `count` of `cuts`, spread evenly over their positions, leaving out those of `without` where enough others
/// are there.
std::vector<Cut> spread_by_position(const std::vector<Cut>& cuts, std::size_t count, const std::vector<Cut>& without);

/// `stages` ranges of about equal time, cut where legal; fewer where there are too few cuts. Times are the rows'
/// medians.
std::vector<LayerRange> balanced_stages(const Profile& profile, const std::vector<Cut>& cuts, std::size_t stages);

}  // namespace carbonedge
