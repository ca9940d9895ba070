#pragma once

#include "lib/base/errors.h"
#include "lib/partition/plan.h"
#include "lib/planner/planning_problem.h"

#include <iosfwd>

namespace carbonedge {

/// Says on `err` why there is no plan. kNegativeVerdict where that is proven, else kInconclusive.
ExitStatus tell_infeasible(const Infeasibility& infeasibility, bool list_limits, std::ostream& err);

/// The same for an exact plan, with what lib/verify can prove of it without the planner.
ExitStatus tell_infeasible(const Infeasibility& infeasibility, const PlanningProblem& problem, std::ostream& err);

}  // namespace carbonedge
