#pragma once

#include "lib/carbon/intensity_series.h"
#include "lib/report/document.h"
#include "lib/tradeoff/replan.h"

#include <string>
#include <vector>

namespace carbonedge {

/// One decision with its whole accounting. `plan_name` is that of the running plan; `best` what it was held against.
Document describe_move(const PlanningProblem& problem, const std::string& plan_name, const RunningPipeline& running,
                       const Placement& best, const MoveDecision& decision, const MovePolicy& policy);

/// A walk through time: a row a step, and what holding the first plan, following the best and the policy come to in
/// total, moving costs included. `times` are the starts of the steps, `step` their length.
Document describe_walk(const PlanningProblem& problem, const std::string& plan_name,
                       const std::vector<WalkedStep>& steps, const std::vector<UtcSeconds>& times,
                       std::chrono::seconds step, const MovePolicy& policy);

}  // namespace carbonedge
