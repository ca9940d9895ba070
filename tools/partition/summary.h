#pragma once

#include "lib/partition/partitioner.h"

#include <string>

namespace carbonedge {

/// The stages of a partition, and how uneven each cost model's own division (same method and shares) is, in its own
/// cost and in measured time. `request` absent: the cuts were given.
std::string partition_summary(const Partition& partition, const std::optional<SplitRequest>& request);

}  // namespace carbonedge
