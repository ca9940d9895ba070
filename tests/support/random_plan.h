#pragma once

#include "lib/base/random.h"
#include "lib/partition/partition.h"
#include "lib/partition/plan.h"

namespace carbonedge {

/// Values that read_partition() and read_plan() accept; the numbers of a plan do not add up, since only their place is.
Partition random_partition(SeededRandom& random, std::size_t layers);
Plan random_plan(SeededRandom& random, std::size_t layers, std::size_t nodes);

}  // namespace carbonedge
