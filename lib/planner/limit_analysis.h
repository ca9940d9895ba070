#pragma once

#include "lib/planner/planning_problem.h"
#include "lib/planner/solve.h"

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

/// A smallest set of limits that cannot be met together (none can be left out), by deletion filtering, with what would
/// be possible instead. Where time runs out a limit counts as needed, so the set need not be smallest.
Infeasibility explain_infeasibility(const PlanningProblem& problem, const std::function<bool()>& out_of_time = {});

/// What is known of the limits at an optimum.
struct LimitVerdicts {
    std::vector<std::string> binding;    ///< without it the optimum would be better by more than rounding
    std::vector<std::string> undecided;  ///< time or labels ran out
};
/// `optimum` is the solution of the problem. O(limits) searches for any better plan.
LimitVerdicts binding_limits(const PlanningProblem& problem, const Solution& optimum,
                             const std::function<bool()>& out_of_time = {});

}  // namespace carbonedge
