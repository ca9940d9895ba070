#pragma once

#include "lib/report/front_file.h"
#include "lib/report/pictures/picture.h"
#include "lib/report/subject.h"

#include <cstdint>
#include <span>

namespace carbonedge {

/// Every policy by mean latency and grams of one inference, as run where it was run, with 95 % intervals; the front
/// joins those that no other beats in both. `exact` is a front of all plans there are, as predicted; drawn where given.
/// `seed` is that of the bootstrap.
Picture tradeoff_picture(std::span<const Subject> subjects, std::size_t baseline, std::span<const FrontPlan> exact,
                         std::uint64_t seed);

/// What was predicted beside what was measured: of several subjects mean latency and grams of each, of one its mean,
/// median and 95th percentile and the lines of its ledger.
Picture prediction_picture(std::span<const Subject> subjects, std::uint64_t seed);

}  // namespace carbonedge
