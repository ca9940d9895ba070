#pragma once

#include "lib/partition/fleet_plan.h"
#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

/// One of several models to place, with its requests and its own limits.
struct FleetRequest {
    std::string name;
    double rate_per_second = 1;
    PlanningProblem problem;  ///< objective carbon; the cluster is the same for all
};

/// How far a search goes, in counts.
struct FleetCaps {
    std::size_t rounds = 300;                ///< of prices
    std::size_t columns = 20'000;            ///< pipelines of a model to choose among when closing the gap
    std::uint64_t combinations = 5'000'000;  ///< partial choices looked at
};

using FleetPlanOrInfeasibility = std::variant<FleetPlan, Infeasibility>;

/// Pipelines for all models with the least grams a second together, such that each keeps its own limits and serves its
/// rate, and on no node the stages take more than its memory or more than `max_load` of its cpus. Prices for memory and
/// cores split the choice into one exact plan a model (a Lagrangian bound); all pipelines that the remaining gap leaves
/// possible are then combined exactly, where they are not too many (docs/planners.md, "Several models"). Throws what
/// check_problem throws, and UsageError where idle power counts in full, since that belongs to no single request.
FleetPlanOrInfeasibility plan_fleet(const std::vector<FleetRequest>& requests, double max_load,
                                    const FleetCaps& caps = {});

}  // namespace carbonedge
