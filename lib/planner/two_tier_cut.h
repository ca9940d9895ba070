#pragma once

#include "lib/planner/planning_problem.h"

#include <vector>

namespace carbonedge {

/// The surgery of DADS under light load (Hu, Bao, Wang, Liu, IEEE INFOCOM 2019): which rows stay on the first of two
/// nodes so that the sum of the rows' times on their node, and of the times of shipping each value that a row of the
/// second node reads, once, is least; nothing flows back. A minimum s-t cut of the network's graph, whose edges are the
/// profile's values; the network's input lies on the first node. The time of a value is its bytes by the link's
/// bandwidth and the costs per byte of transport and borders. Maximum flow by Boost.Graph (Boykov-Kolmogorov), in whole
/// picoseconds. One flag a row: stays on the first.
std::vector<bool> minimum_cut_of_graph(const PlanningProblem& problem, std::size_t first, std::size_t second);

}  // namespace carbonedge
