#pragma once

#include "lib/planner/cost_table.h"
#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// The nodes of a cluster by kind, in the order of their first members. Two nodes are of a kind where swapping them
/// changes no cost and no limit: equal but for the name, same profile, same pinned and forbidden layers, and the same
/// link to every other end. `banned[v]` is what layers node v may not run.
std::vector<std::vector<std::size_t>> node_kinds(const PlanningProblem& problem, const CostTable& table,
                                                 const std::vector<std::vector<int>>& banned);

}  // namespace carbonedge
