#pragma once

#include "lib/planner/placement.h"
#include "tests/support/brute_force.h"
#include "tests/support/planning_problem.h"
#include "tests/support/random_problem.h"

#include <vector>

namespace carbonedge {

/// A small seeded problem and the limits that cut into what is possible, in the two forms that planner and brute force
/// take.
struct DrawnProblem {
    Plan brute;
    PlanningProblem problem;
};

DrawnProblem draw_problem(SeededRandom& random, bool limits);

std::vector<BruteStage> brute_stages(const Placement& placement);

}  // namespace carbonedge
