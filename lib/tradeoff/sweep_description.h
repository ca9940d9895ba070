#pragma once

#include "lib/report/document.h"
#include "lib/tradeoff/weight_sweep.h"

#include <string>
#include <vector>

namespace carbonedge {

/// What node selection takes over the carbon weight, for one base of weights and one form of the score.
struct SelectionWalk {
    std::string mode;
    std::string variant;
    std::vector<SelectionSegment> segments;
};

/// Both walks for people and programs. `selection` is the plan whose pipelines are the candidates of the walks; absent
/// where no node holds the whole model.
Document describe_sweep(const PlanningProblem& problem, const WeightSweep& sweep, const std::optional<Plan>& selection,
                        const std::vector<SelectionWalk>& walks);

/// All modes and variants for a problem: the plan of node selection without latency limits of its own, and its walks.
/// The plan is absent where no node holds the whole model.
std::pair<std::optional<Plan>, std::vector<SelectionWalk>> walk_selection(const PlanningProblem& problem);

}  // namespace carbonedge
