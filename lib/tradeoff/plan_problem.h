#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <string>
#include <vector>

namespace carbonedge {

/// The problem that a plan answers, from the plan alone: its cluster, profiles, goal and limits, and its cuts where
/// they were given. A plan without a goal (a policy's) is taken to care for carbon.
PlanningProblem problem_of_plan(const Plan& plan);

/// The plan's only pipeline by node index of the problem's cluster. Throws UsageError where the plan has several
/// pipelines, or a stage names a node that the cluster lacks.
Placement placement_of_plan(const Plan& plan, const PlanningProblem& problem);

/// The limits that a placement breaks, one line each, "latency <= 50 ms: it takes 61.2 ms"; none: it is allowed. Cuts
/// that are not legal, overlapping stages and a node used twice are the caller's.
std::vector<std::string> broken_by(const PlanningProblem& problem, const CostTable& table, const Placement& placement);

}  // namespace carbonedge
