#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <cstdint>

namespace carbonedge {

// Published and simple rules that choose one pipeline, each from its description (docs/planners.md names the sources).
// They know what their authors' rules know: memory, pinned layers and limits only where that is said. Rows can be cut
// at the table's positions only: a rule that asks for another one gets the nearest, and a stage that becomes empty by
// that is left out. The table must be of the problem.

/// Equal numbers of rows on every node, in the cluster's order.
Placement equal_layers(const CostTable& table);

/// exo: rows in proportion to memory, nodes by falling memory (of equals, the later name first).
Placement memory_weighted(const PlanningProblem& problem, const CostTable& table);

/// GPipe with torchgpipe's balancer: blocks of nearly equal time on the reference node, one a node, in the cluster's
/// order.
Placement block_balanced(const PlanningProblem& problem, const CostTable& table);

/// PipeDream without replication: stages of least bottleneck where every node is the reference node and every link the
/// slowest between neighbours of the cluster's order; nodes in that order.
Placement pipedream(const PlanningProblem& problem, const CostTable& table);

/// The whole network on the node of least value of the objective (kNone: carbon) among those that keep the limits;
/// where none does, among all.
Placement best_node(const PlanningProblem& problem, const CostTable& table, const ScoreReferences& references);

/// Neurosurgeon (Kang et al., ASPLOS 2017): the best of all single cuts between a device and a server, none and all
/// included, by latency, or by energy where the objective is energy or carbon. With more than two nodes, the best over
/// every ordered pair. O(nodes^2 * positions).
Placement one_cut(const PlanningProblem& problem, const CostTable& table);

/// DADS: the fastest, over every ordered pair of nodes, of the minimum cut of the network's graph and the two ends that
/// keep everything on one node. Where the rows that stay are no legal stage, the best single cut of the pair stands in.
Placement minimum_cut(const PlanningProblem& problem, const CostTable& table);

/// A uniform number of stages, cuts and nodes in a uniform order, from the seed alone.
Placement random_pipeline(const CostTable& table, std::uint64_t seed);

}  // namespace carbonedge
