#pragma once

#include "lib/base/random.h"
#include "lib/cluster/cluster.h"

namespace carbonedge {

/// A cluster that read_cluster() accepts: optional parts there or not, some links named, gateway among their ends.
Cluster random_cluster(SeededRandom& random, std::size_t nodes);

}  // namespace carbonedge
