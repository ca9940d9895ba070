#pragma once

#include "lib/partition/plan.h"

#include <cstddef>
#include <string>
#include <vector>

namespace carbonedge {

/// What a plan costs and which limits it breaks, by one measure for every plan, wherever it came from.
struct Evaluation {
    double value = 0;  ///< of the plan's objective: g, J, s or score
    CarbonParts parts;
    Seconds latency{0};       ///< max(A, B), which objectives and limits count; routed: the mean
    Seconds latency_mean{0};  ///< replayed through the nodes' quotas
    Seconds latency_p95{0};
    Seconds bottleneck{0};                   ///< 1 / requests per second with many in flight
    std::size_t nodes = 0;                   ///< different ones that get requests
    std::vector<std::string> broken_limits;  ///< one line each; empty: the plan keeps all of them
};

/// Recomputes a plan from its profiles and cluster alone, without the planner and without believing what the plan
/// states. Of a plan that routes requests over several pipelines the shares and the latencies are those of its own
/// replay, which verify_plan() holds against each pipeline. Throws InputError (of `plan.name`) where the plan's
/// structure is broken: unknown nodes, rows left out, cuts that are not legal.
Evaluation evaluate_plan(const Plan& plan);

/// A plan's cluster, profiles, objective and limits with one other pipeline, for evaluate_plan(). Its stages name rows
/// and nodes only.
Plan with_pipeline(Plan plan, const std::vector<PlannedStage>& stages);

}  // namespace carbonedge
