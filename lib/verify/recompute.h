#pragma once

#include "lib/partition/plan.h"

#include <functional>
#include <string>
#include <vector>

namespace carbonedge {

/// A stage as a plan names it.
struct NamedStage {
    LayerRange layers;
    std::string node;
};

/// One stage, recomputed row by row (docs/cost_model.md).
struct RecomputedStage {
    Seconds busy{0};
    Seconds cpu{0};
    Seconds refill{0};     ///< cpu / rate, 0 where the quota cannot bite
    Seconds occupancy{0};  ///< max(busy, refill)
    double memory_bytes = 0;
    CarbonParts parts;
};

struct RecomputedTransfer {
    std::string from;
    std::string to;
    Bytes bytes;
    Seconds time{0};
    CarbonParts parts;
};

struct RecomputedPipeline {
    std::vector<RecomputedStage> stages;
    std::vector<RecomputedTransfer> transfers;
    Seconds unthrottled{0};  ///< A
    Seconds refill{0};       ///< B
    Seconds slowest{0};      ///< largest occupancy of a stage or time of a transfer
    CarbonParts parts;
    Joules uncertainty;

    [[nodiscard]] Seconds mean() const { return unthrottled > refill ? unthrottled : refill; }
};

/// Grams and seconds that Objective::kScore weighs by.
struct RecomputedReferences {
    double carbon_grams = 0;
    double latency_seconds = 0;
};

/// Recomputes pipelines from a plan's cluster and profiles alone. Shares no code with the planner. Keeps a reference to
/// the plan, which must have profiles and a profile for every node.
class Recomputer {
public:
    explicit Recomputer(const Plan& plan);
    /// Of a variant of a plan: the score is weighed by the references of the plan itself.
    Recomputer(const Plan& plan, const RecomputedReferences& references);

    /// The stages must cover the profile at existing cuts and name nodes of the cluster. O(rows).
    [[nodiscard]] RecomputedPipeline pipeline(const std::vector<NamedStage>& stages) const;

    /// Calls `visit(end, stage)` with every stage on a node that begins at a position, ends ascending, until it returns
    /// false. Idle joules are left out. O(rows).
    void stages_from(std::size_t node, std::size_t first,
                     const std::function<bool(std::size_t, const RecomputedStage&)>& visit) const;

    /// Value of the plan's objective for a pipeline.
    [[nodiscard]] double value(const RecomputedPipeline& pipeline) const;

    /// With Objective::kScore; zeros otherwise.
    [[nodiscard]] const RecomputedReferences& references() const { return references_; }
    [[nodiscard]] const std::vector<Cut>& cuts() const { return cuts_; }

private:
    [[nodiscard]] RecomputedReferences best_single_nodes() const;

    const Plan& plan_;
    std::vector<Cut> cuts_;
    RecomputedReferences references_;
};

/// Whether a plan's cuts were given (`--keep-cuts`): its bound says nothing about other cuts.
bool cuts_are_given(const Plan& plan);

/// The positions where every profile that the plan carries may be cut, both ends of the network included.
std::vector<std::size_t> legal_positions(const Plan& plan);

/// Time of a message on a link, transport included.
Seconds transfer_time(const Plan& plan, const Link& link, Bytes bytes);

}  // namespace carbonedge
