#pragma once

#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/report/front_file.h"
#include "lib/report/pictures/picture.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <span>
#include <vector>

namespace carbonedge {

/// The pictures that a report of each kind has, the most telling first. `seed` is that of the bootstrap.
std::vector<Picture> pictures_of_comparison(std::span<const Subject> subjects, std::size_t baseline,
                                            std::span<const FrontPlan> exact_front, std::uint64_t seed);
std::vector<Picture> pictures_of_subject(const Subject& subject, std::uint64_t seed);
std::vector<Picture> pictures_of_profile(const Profile& profile);
std::vector<Picture> pictures_of_partition(const Partition& partition);

}  // namespace carbonedge
