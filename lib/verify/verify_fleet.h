#pragma once

#include "lib/partition/fleet_plan.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Result of holding a fleet plan against its own profiles and cluster.
struct FleetVerification {
    std::vector<std::string> breaches;  ///< one line each; empty: the plan is what it says
    double grams_per_second = 0;        ///< recomputed
    bool prices_repeated = false;       ///< what the prices prove was worked out anew, from every pipeline

    [[nodiscard]] bool passed() const { return breaches.empty(); }
};

/// Recomputes, without the planner: each model's plan (verify_plan), that all are for one cluster, the memory and cores
/// that they take of each node together, that these are within the node and `max_load`, grams a second and the gap.
/// A claimed lower bound must hold against every way to run each model on one node (where there are not more than
/// 200,000 ways), and what its prices prove must be what is stated (where not too many pipelines are left to try).
FleetVerification verify_fleet_plan(const FleetPlan& fleet);

}  // namespace carbonedge
