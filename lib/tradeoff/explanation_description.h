#pragma once

#include "lib/report/document.h"
#include "lib/tradeoff/explanation.h"

#include <string>

namespace carbonedge {

/// An explanation for people and programs: three sentences for a reader in a hurry (is it the best, what limits cost,
/// what would change it), then the tables "limits", "alternatives", "changes" and "nodes".
Document describe_explanation(const PlanningProblem& problem, const std::string& plan_name,
                              const Explanation& explanation);

}  // namespace carbonedge
