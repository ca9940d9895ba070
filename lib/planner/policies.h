#pragma once

#include "lib/planner/exact_planner.h"
#include "lib/planner/planning_problem.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// Plans that follow a published or simple rule instead of a search, for comparison with exact ones. Sources:
/// docs/planners.md.
struct Policy {
    enum class Kind {
        kMonolithic,     ///< the whole model on one named node
        kBestNode,       ///< ... on the node where the objective is least
        kRoundRobin,     ///< one monolithic pipeline a node that can hold the model, in turns
        kNodeSelection,  ///< the same pipelines, routed by the published score (CarbonEdge; lib/scheduler)
        kEqual,          ///< one stage a node in the cluster's order, equal shares of measured time
        kEqualLayers,    ///< likewise, equal numbers of rows
        kCapability,     ///< likewise, capability shares of the published cost (AMP4EC)
        kRam,            ///< rows in proportion to memory (exo)
        kBlock,          ///< blocks of nearly equal time (GPipe, torchgpipe)
        kPipeDream,      ///< least bottleneck of identical nodes (PipeDream)
        kOneCut,         ///< best single cut between two nodes (Neurosurgeon)
        kMinCut,         ///< minimum cut between two nodes (DADS)
        kRandom,         ///< seeded
    };
    Kind kind = Kind::kMonolithic;
    std::string node;        ///< kMonolithic
    std::string mode;        ///< kNodeSelection: performance | balanced | green
    std::string variant;     ///< kNodeSelection: paper | si | minmax
    std::uint64_t seed = 1;  ///< kRandom
};

/// What `--policy` takes besides "exact", in the order of the kinds: "monolithic=NODE", "best-node", "round-robin", ...
const std::vector<std::string>& policy_names();

/// "one-cut", "monolithic=green"; `node`, `mode`, `variant` and `seed` are what the name leaves open. Throws UsageError
/// where there is no such policy ("exact" is none) or monolithic names no node.
Policy parse_policy(const std::string& text, const std::string& mode, const std::string& variant, std::uint64_t seed);

/// A name that tells plans of several policies apart: "one-cut", "monolithic-green", "green-paper", "equal-split".
std::string policy_plan_name(const Policy& policy);

/// Every policy that needs no named node, node selection in its three variants.
std::vector<Policy> all_policies(const std::string& mode, std::uint64_t seed);

/// Whether requests take one of several pipelines. Such a plan is a mixture: the exact planner, whose plans are one
/// pipeline, makes no claim about its bottleneck, nor about its value under a limit that holds for the mean only.
bool routes_requests(const Policy& policy);

/// The plan of a policy with its prediction, whatever limits it breaks; `problem.objective` decides which value is
/// stated (kNone: none) and what kBestNode and kOneCut look for. An Infeasibility where the rule has no plan: no node
/// holds the whole model, or there are fewer cuts than it needs. Throws what check_problem throws, and UsageError for
/// an unknown node, mode or variant.
PlanOrInfeasibility propose_plan(const PlanningProblem& problem, const Policy& policy, const std::string& name);

/// The same, held to the limits: a policy that breaks one is an Infeasibility that says which.
PlanOrInfeasibility plan_policy(const PlanningProblem& problem, const Policy& policy, const std::string& name);

}  // namespace carbonedge
