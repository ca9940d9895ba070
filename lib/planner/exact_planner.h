#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/planner/solve.h"

#include <string>
#include <variant>

namespace carbonedge {

using PlanOrInfeasibility = std::variant<Plan, Infeasibility>;

/// The best single pipeline: cuts and nodes chosen together, each node at most once, in any order, within all limits.
/// The plan carries its certificate (value, proven lower bound, gap, counters, the prices that prove a bound on their
/// own) and the limits that bind. Where the search stops at a cap with a plan in hand, the plan says so and states its
/// gap; where it stops without one, or there is none, the answer is an Infeasibility. Throws what check_problem throws.
PlanOrInfeasibility plan_exactly(const PlanningProblem& problem, const std::string& name,
                                 ExactPlannerOptions options = {});

/// A plan's head: everything but pipelines, prediction, certificate and what binds.
Plan plan_frame(const PlanningProblem& problem, const std::string& name, const ScoreReferences& references);

}  // namespace carbonedge
