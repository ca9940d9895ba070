#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Result of holding a plan against its own profiles and cluster.
struct Verification {
    std::vector<std::string> breaches;  ///< one line each; empty: the plan is what it says
    double value = 0;                   ///< of its objective, recomputed; 0 where the structure is broken

    [[nodiscard]] bool passed() const { return breaches.empty(); }
};

/// Recomputes a plan's structure, stages, transfers, predictions, limits, objective value and certificate from the
/// profiles and the cluster that it carries, without the planner. Tolerances: times 1 ns (they are rounded), memory
/// 1 byte, sums and values 1e-9 relative; the simulated mean .2 % and quantiles the range of SimulatedLatency widened
/// by .2 %. A claimed lower bound must hold against every pipeline of one or two stages. What routing adds up to over
/// several pipelines is held to lie between the extremes of those pipelines (round robin: at their mean).
Verification verify_plan(const Plan& plan);

/// The limits of a plan that a pipeline breaks, one line each. `slack`: relative room given to every limit; negative
/// demands that they are surely met.
std::vector<std::string> broken_limits(const Plan& plan, const std::vector<NamedStage>& stages,
                                       const RecomputedPipeline& pipeline, double slack = 1e-9);

}  // namespace carbonedge
