#pragma once

#include "lib/cluster/quota_replay.h"
#include "lib/planner/cost_table.h"
#include "lib/planner/search_graph.h"

#include <vector>

namespace carbonedge {

/// A stage on a node, by index; a placement is a pipeline before it is written down as a plan.
struct PlacedStage {
    std::size_t node = 0;
    LayerRange layers;

    bool operator==(const PlacedStage&) const = default;
};
using Placement = std::vector<PlacedStage>;

/// docs/cost_model.md, "Request" and "Energy and carbon", in seconds, joules and grams before any rounding.
struct PlacementCost {
    double sum = 0;        ///< A
    double slow = 0;       ///< B
    double occupancy = 0;  ///< of the slowest stage or leg
    CarbonParts parts;

    [[nodiscard]] double mean_latency() const { return sum > slow ? sum : slow; }
};

/// Every part times a factor.
CarbonParts scaled(const CarbonParts& parts, double factor);

PlacementCost cost_of(const CostTable& table, const Placement& placement);
double objective_value(const PlanningProblem& problem, const ScoreReferences& references, const PlacementCost& cost);

/// Replays a placement alone, closed loop with one request in flight.
ReplayResult replay_placement(const PlanningProblem& problem, const CostTable& table, const Placement& placement);

/// The pipeline as a plan states it, its prediction for one request in flight included.
Pipeline describe_pipeline(const PlanningProblem& problem, const CostTable& table, const Placement& placement);

/// Replayed nodes and pipeline of a placement; node numbers are the cluster's.
std::vector<QuotaNode> quota_nodes(const Cluster& cluster);
ReplayPipeline replay_pipeline(const CostTable& table, const Placement& placement);

/// "layers 0-17 on green, 18-52 on high" for messages; the layer numbers are inclusive.
std::string placement_text(const Cluster& cluster, const Placement& placement);

}  // namespace carbonedge
