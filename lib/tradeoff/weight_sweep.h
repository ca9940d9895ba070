#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/planner/search_graph.h"
#include "lib/scheduler/request_router.h"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

/// The plan that is best for every weight of carbon in [from, to]: `w * carbon / best carbon + (1 - w) * latency / best
/// latency` (docs/cost_model.md, "Objectives").
struct WeightSegment {
    double from = 0;
    double to = 1;
    Placement placement;
    double latency_seconds = 0;
    double grams = 0;
    double seconds_per_gram = 0;  ///< that the score pays where the next segment takes over; 0 at the last
};

struct WeightSweep {
    ScoreReferences references;
    std::vector<WeightSegment> segments;  ///< ascending weight, so descending grams
    bool proven = true;
    std::size_t problems_solved = 0;
};

/// Walks the weight from 0 to 1 for the exact planner. The switches are exact: they are where neighbouring corners of
/// the lower hull of all plans tie, found by dichotomy (two solves a corner), not on a grid. Where `out_of_time` ends
/// it, corners may be missing (`proven` is false). Throws what check_problem throws.
std::variant<WeightSweep, Infeasibility> sweep_weights(const PlanningProblem& problem,
                                                       const std::function<bool()>& out_of_time = {});

/// What node selection takes for every carbon weight in [from, to].
struct SelectionSegment {
    double from = 0;
    double to = 1;
    std::size_t candidate = 0;
};

/// Walks the carbon weight of the published score from 0 to 1, the other weights of `mode` rescaled, for a decision
/// between idle candidates. Scores are straight lines in the weight: their crossings say where to look, and a switch is
/// the first double at which the published choice itself differs. Empty where every candidate is skipped.
std::vector<SelectionSegment> sweep_selection(const SelectionCandidates& candidates, ScoreMode mode,
                                              ScoreVariant variant);

}  // namespace carbonedge
