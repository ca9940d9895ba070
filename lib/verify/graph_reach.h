#pragma once

#include "lib/dag/operation_graph.h"

#include <cstdint>
#include <optional>

namespace carbonedge {

/// Whether a contiguous plan has every load below `limit`: all down-sets that devices can reach one after the other are
/// looked at, each block grown operation by operation. Nothing: more than `most_steps` operations were added.
std::optional<bool> reachable_below(const OperationGraph& graph, double limit, std::uint64_t most_steps);

/// All accelerators and CPUs together, and the heaviest operation, allow no smaller largest load than this: seconds.
double least_by_work(const OperationGraph& graph);

}  // namespace carbonedge
