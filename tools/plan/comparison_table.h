#pragma once

#include "lib/planner/planning_problem.h"
#include "lib/report/document.h"
#include "lib/verify/evaluation.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// One way of planning and what became of it.
struct ComparedPlan {
    std::string policy;
    std::optional<Plan> plan;  ///< absent: the policy has none, and `without` says why
    std::string without;
    std::optional<Evaluation> evaluation;  ///< of the plan
    bool routed = false;                   ///< requests are spread over several pipelines

    [[nodiscard]] bool feasible() const { return evaluation && evaluation->broken_limits.empty(); }
};

/// "high:0-12,green:13-52", as --pipeline takes it; several pipelines that get requests are separated by
/// blanks.
std::string stages_text(const Plan& plan);

/// The exact plan first, then the others; the ratio is a plan's value of the objective by that of the exact plan, for
/// plans that keep the limits.
Document comparison_document(const PlanningProblem& problem, const std::vector<ComparedPlan>& plans);

}  // namespace carbonedge
