#pragma once

#include "lib/planner/label_search.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <functional>
#include <optional>
#include <string>

namespace carbonedge {

/// How a single solve goes about its work; none of it changes what is optimal.
struct ExactPlannerOptions {
    /// Asked now and then; true ends the search with what it has. What is returned then may differ from run to run.
    std::function<bool()> out_of_time;
    std::optional<Prices> warm_start;  ///< of a similar problem with the same nodes
    Placement incumbent;               ///< a plan to beat, where there is one (it need not be feasible)
    /// Only plans of a lower value are of interest: where there is none the status is kInfeasible.
    std::optional<double> cutoff;
    /// What Objective::kScore weighs by, where the problem is a variant of another; absent: its own best single nodes.
    std::optional<ScoreReferences> references;
    bool any_plan = false;  ///< the first plan found will do; the status is then kStopped
    bool certify = false;   ///< state what the prices prove on their own (Solution::priced_bound, relaxed)
};

/// A solved problem in the planner's own terms.
struct Solution {
    SearchStatus status = SearchStatus::kInfeasible;
    std::string method = "exact-label-setting";  ///< that decided it
    Placement placement;
    SearchResult search;  ///< its path, if any, is in kinds of nodes; `placement` is in nodes
    ScoreReferences references;
    Prices prices;  ///< start the next solve of a similar problem; with `certify` they prove priced_bound
    std::optional<double> priced_bound;  ///< with `certify`; absent for bottleneck
    Placement relaxed;                   ///< attains priced_bound; may use nodes again
};

Solution solve(const PlanningProblem& problem, const ExactPlannerOptions& options = {});

/// The same from tables that are kept between solves. `graph` must be of the problem; it may have merged nodes.
Solution solve_tables(const PlanningProblem& problem, const CostTable& table, const ScoreReferences& references,
                      const SearchGraph& graph, const ExactPlannerOptions& options);

}  // namespace carbonedge
