#pragma once

#include "lib/dag/graph_plan.h"

#include <cstdint>
#include <vector>

namespace carbonedge {

/// A small graph for a seed: operations without work, equal colours, what only a CPU can run, memory that binds and
/// that does not, values that cost more than work.
OperationGraph random_graph(std::uint64_t seed, std::size_t most_operations);

/// The least largest load over all contiguous plans, by trying every chain of down-sets of the graph as it is; infinite
/// where there is none. Exponential: up to about 9 operations.
double least_load_by_trying(const OperationGraph& graph);

}  // namespace carbonedge
