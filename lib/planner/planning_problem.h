#pragma once

#include "lib/partition/plan.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace carbonedge {

/// How far a search may go before it stops with what it has and states the gap. Counts, not seconds: the same input
/// gives the same plan on any machine.
struct SearchCaps {
    std::size_t labels = 4'000'000;  ///< partial plans kept
    std::size_t replays = 20'000;    ///< plans replayed for a p95 limit
};

/// Everything a planner decides from.
struct PlanningProblem {
    Cluster cluster;
    std::vector<Profile> profiles;  ///< [0] is the reference; further ones are nodes' own
    std::vector<int> node_profile;  ///< per cluster node: index into `profiles`
    Objective objective = Objective::kCarbon;
    double carbon_weight = 0.5;  ///< with Objective::kScore
    Limits limits;
    std::optional<std::vector<std::size_t>> given_cuts;  ///< exactly these inner cuts, ascending; absent: choose
    bool hold_memory = true;  ///< false only to find out whether the memory limits conflict or bind
    SearchCaps caps;
};

/// The largest cluster that the exact planner takes.
inline constexpr std::size_t kMaxPlannedNodes = 64;

/// Throws UsageError where limits name unknown layers or nodes, given cuts are not legal or a node's own profile is of
/// another model than the reference; InputError where a node has no cpus.
void check_problem(const PlanningProblem& problem);

}  // namespace carbonedge
