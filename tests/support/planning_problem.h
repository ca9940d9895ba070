#pragma once

#include "lib/partition/plan.h"
#include "lib/planner/planning_problem.h"

namespace carbonedge {

/// The problem that a drawn plan states: what it carries but its answer.
inline PlanningProblem problem_of(const Plan& plan) {
    PlanningProblem problem;
    problem.cluster = plan.cluster;
    problem.profiles = plan.profiles;
    problem.node_profile = plan.node_profile;
    problem.objective = plan.objective;
    problem.carbon_weight = plan.carbon_weight;
    problem.limits = plan.limits;
    return problem;
}

}  // namespace carbonedge
