#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// Extensions by a stage that an enumeration may try: next to nothing beside planning, or what a user who asks for a
/// verification will wait for (seconds).
inline constexpr std::size_t kQuickEnumeration = 300'000;
inline constexpr std::size_t kPatientEnumeration = 300'000'000;
/// Of these for each limit that may bind.
inline constexpr std::size_t kMostForALimit = 10'000'000;

/// Result of holding a plan against its own profiles and cluster.
struct Verification {
    std::vector<std::string> breaches;   ///< one line each; empty: the plan is what it says
    double value = 0;                    ///< of its objective, recomputed; 0 where the structure is broken
    std::optional<double> proven_bound;  ///< what the prices in its certificate prove
    /// An enumeration of our own found no pipeline below the stated lower bound, so that none exists. False: it was cut
    /// short, or does not apply; what lies between proven_bound and the stated bound rests on the planner's search.
    bool bound_enumerated = false;
    std::size_t stages_tried = 0;  ///< by that enumeration
    /// Limits of which it was too much work to find out again whether they bind.
    std::vector<std::string> binding_undecided;

    [[nodiscard]] bool passed() const { return breaches.empty(); }
};

/// Recomputes a plan's structure, stages, transfers, predictions, limits, objective value and certificate from the
/// profiles and the cluster that it carries, without the planner. Tolerances: times and memory as far
/// as rounding to whole numbers goes, sums and values 1e-9 relative; the simulated mean .2 % and quantiles the range of
/// SimulatedLatency widened by .2 %. A claimed lower bound must hold against every pipeline of one or two stages; what
/// its prices prove is worked out anew, and so is, where it is cheap, that no pipeline is below it. Shares and
/// latencies of several pipelines are replayed with the router. What binds is found out again by taking each limit
/// away. `most_stages` is how far the enumeration that proves the bound once more may go.
Verification verify_plan(const Plan& plan, std::size_t most_stages = kQuickEnumeration);

/// The limits of a plan that a pipeline breaks, one line each. `slack`: relative room given to every limit, above 0
/// with 1 ns more for the mean latency; negative demands that they are surely met.
std::vector<std::string> broken_limits(const Plan& plan, const std::vector<NamedStage>& stages,
                                       const RecomputedPipeline& pipeline, double slack = 1e-9);

}  // namespace carbonedge
