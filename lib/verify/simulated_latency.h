#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"

#include <optional>
#include <vector>

namespace carbonedge {

/// Distribution of latencies of a closed loop with one request in flight: quantiles as a range, because a share of slow
/// requests near 5 % lets the last bit of a sum decide on which side the 95th lies.
struct SimulatedLatency {
    Seconds mean{0};
    Seconds p50_low{0}, p50_high{0};  ///< 48 % and 52 % quantiles
    Seconds p95_low{0}, p95_high{0};  ///< 93.5 % and 96.5 % quantiles
    Seconds p95{0};                   ///< nearest rank
};
SimulatedLatency simulate_quota(const Plan& plan, const std::vector<NamedStage>& stages,
                                const RecomputedPipeline& pipeline);

/// The same where a router chooses a pipeline for every request.
struct SimulatedRouting {
    SimulatedLatency latency;
    std::vector<double> shares;  ///< of the requests, by pipeline
};
/// Nothing where the last bit of a latency decides which pipeline a request takes, so that no replay repeats another.
/// `recomputed` are the plan's pipelines.
std::optional<SimulatedRouting> simulate_routing(const Plan& plan, const std::vector<RecomputedPipeline>& recomputed);

}  // namespace carbonedge
