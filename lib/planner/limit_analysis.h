#pragma once

#include "lib/planner/label_search.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <functional>
#include <string>
#include <vector>

namespace carbonedge {

/// One limit of a problem: how people read it and how to take it away.
struct NamedLimit {
    enum class Kind { kLatencyMean, kLatencyP95, kThroughput, kMaxNodes, kPinned, kForbidden, kGivenCuts, kMemory };
    Kind kind = Kind::kMemory;
    std::string text;  ///< "latency <= 50 ms"
    std::function<void(PlanningProblem&)> remove;
};

/// All limits of a problem, memory last.
std::vector<NamedLimit> limits_of(const PlanningProblem& problem);

/// A solved problem in the planner's own terms.
struct Solution {
    SearchStatus status = SearchStatus::kInfeasible;
    Placement placement;
    SearchResult search;
    ScoreReferences references;
};
Solution solve(const PlanningProblem& problem);

/// A smallest set of limits that cannot be met together (none can be left out), by deletion filtering, with what would
/// be possible instead.
Infeasibility explain_infeasibility(const PlanningProblem& problem);

/// The limits without which the optimum would be better by more than rounding. `value` is the optimum.
std::vector<std::string> binding_limits(const PlanningProblem& problem, double value);

}  // namespace carbonedge
