#pragma once

#include "lib/planner/exact_planner.h"
#include "lib/planner/planning_problem.h"

#include <string>

namespace carbonedge {

/// Plans that follow a published or simple rule instead of a search, for comparison with exact ones.
struct Policy {
    enum class Kind {
        kMonolithic,     ///< the whole model on one named node
        kRoundRobin,     ///< one monolithic pipeline a node that can hold the model, in turns
        kNodeSelection,  ///< the same pipelines, routed by the published score (lib/scheduler)
        kEqual,          ///< one stage a node in the cluster's order, equal shares of measured time
        kCapability,     ///< likewise, capability shares of the published cost (AMP4EC)
    };
    Kind kind = Kind::kMonolithic;
    std::string node;     ///< kMonolithic
    std::string mode;     ///< kNodeSelection: performance | balanced | green
    std::string variant;  ///< kNodeSelection: paper | si | minmax
};

/// The plan of a policy with its prediction; `problem.objective` only decides which value is stated (kNone: none).
/// A policy that breaks a limit of the problem is an Infeasibility that says which. Throws what check_problem throws,
/// and UsageError for an unknown node, mode or variant.
PlanOrInfeasibility plan_policy(const PlanningProblem& problem, const Policy& policy, const std::string& name);

}  // namespace carbonedge
