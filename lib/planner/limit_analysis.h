#pragma once

#include "lib/planner/label_search.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <functional>
#include <optional>
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

/// How a single solve goes about its work; none of it changes what is optimal.
struct ExactPlannerOptions {
    /// Asked now and then; true ends the search with what it has. What is returned then may differ from run to run.
    std::function<bool()> out_of_time;
    std::optional<Prices> warm_start;  ///< of a similar problem with the same nodes
    Placement incumbent;               ///< a plan to beat, where there is one (it need not be feasible)
    /// Only plans of a lower value are of interest: where there is none the status is kInfeasible.
    std::optional<double> cutoff;
};

/// A solved problem in the planner's own terms.
struct Solution {
    SearchStatus status = SearchStatus::kInfeasible;
    Placement placement;
    SearchResult search;
    ScoreReferences references;
    Prices prices;  ///< prove the bound before labels; start the next solve of a similar problem
};
Solution solve(const PlanningProblem& problem, const ExactPlannerOptions& options = {});

/// A smallest set of limits that cannot be met together (none can be left out), by deletion filtering, with what would
/// be possible instead.
Infeasibility explain_infeasibility(const PlanningProblem& problem);

/// The limits without which the optimum would be better by more than rounding. `value` is the optimum.
std::vector<std::string> binding_limits(const PlanningProblem& problem, double value);

}  // namespace carbonedge
