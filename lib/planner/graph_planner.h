#pragma once

#include "lib/dag/graph_plan.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace carbonedge {

/// How far the search goes before it states a bound instead of the optimum. Counts, not seconds: the same graph gives
/// the same plan on any machine.
struct GraphSearchCaps {
    std::uint64_t walked = 100'000'000;  ///< down-sets looked at for each threshold
    std::size_t kept = 300'000;          ///< down-sets in memory
    std::uint64_t pairs = 4'000'000'000;
};

/// The most operations, after merging (condense()), that a search is tried on.
inline constexpr std::size_t kMostGraphItems = 5'000;

/// Why no contiguous plan exists, or that none was found within the caps.
struct GraphInfeasibility {
    std::string explanation;
    bool proven = true;
};

using GraphPlanOrInfeasibility = std::variant<GraphPlan, GraphInfeasibility>;

/// The contiguous plan with the least largest load, over all down-sets of the graph (docs/planners.md, "Graphs"), or
/// the best one found with a lower bound where a cap ends the search.
GraphPlanOrInfeasibility plan_graph(const OperationGraph& graph, const GraphSearchCaps& caps = {});

/// The least largest load over plans that cut the graph's own execution order (execution_order()) at positions, as
/// planners for chains do; infinite where there is none. For comparison.
double best_load_of_execution_order(const OperationGraph& graph);

}  // namespace carbonedge
