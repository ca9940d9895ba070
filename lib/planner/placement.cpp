#include "lib/planner/placement.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Half width of the joules' band relative to them: what the profile's energy readings state, 0 where it has none.
double relative_uncertainty(const Profile& profile) {
    Joules sum;
    Joules band;
    for (const LayerProfile& layer : profile.layers) {
        if (!layer.energy) continue;
        sum += layer.energy->joules;
        band += layer.energy->uncertainty;
    }
    return sum.value() > 0 ? band / sum : 0.0;
}

Nanoseconds rounded(double seconds) { return to_nanoseconds(Seconds(seconds)); }

std::size_t end_after(const CostTable& table, const Placement& placement, std::size_t leg) {
    return leg < placement.size() ? placement[leg].node : table.gateway();
}

std::size_t end_before(const CostTable& table, const Placement& placement, std::size_t leg) {
    return leg == 0 ? table.gateway() : placement[leg - 1].node;
}

std::size_t position_of_leg(const Placement& placement, std::size_t leg) {
    return leg < placement.size() ? placement[leg].layers.first : placement.back().layers.end;
}

}  // namespace

CarbonParts scaled(const CarbonParts& parts, double factor) {
    return {parts.compute_joules * factor, parts.transport_cpu_joules * factor, parts.link_joules * factor,
            parts.idle_joules * factor,    parts.compute_grams * factor,        parts.transport_cpu_grams * factor,
            parts.link_grams * factor,     parts.idle_grams * factor,           parts.embodied_grams * factor};
}

PlacementCost cost_of(const CostTable& table, const Placement& placement) {
    PlacementCost cost;
    for (std::size_t leg = 0; leg <= placement.size(); ++leg) {
        const std::size_t from = end_before(table, placement, leg);
        const std::size_t to = end_after(table, placement, leg);
        const double time = table.leg_time(from, to, position_of_leg(placement, leg));
        cost.sum += time;
        cost.occupancy = std::max(cost.occupancy, time);
        cost.parts += table.leg_parts(from, to, position_of_leg(placement, leg));
    }
    for (const PlacedStage& placed : placement) {
        const StageCost stage = table.stage(placed.node, placed.layers);
        cost.sum += stage.busy;
        cost.slow = std::max(cost.slow, table.refill(placed.node, stage));
        cost.occupancy = std::max(cost.occupancy, table.occupancy(placed.node, stage));
    }
    for (const PlacedStage& placed : placement) {
        cost.parts += table.stage_parts(placed.node, table.stage(placed.node, placed.layers), cost.mean_latency());
    }
    return cost;
}

double objective_value(const PlanningProblem& problem, const ScoreReferences& references, const PlacementCost& cost) {
    switch (problem.objective) {
        case Objective::kCarbon:
            return cost.parts.grams().value();
        case Objective::kEnergy:
            return cost.parts.joules().value();
        case Objective::kLatency:
            return cost.mean_latency();
        case Objective::kBottleneck:
            return cost.occupancy;
        case Objective::kScore:
            return problem.carbon_weight * cost.parts.grams().value() / references.carbon_grams +
                   (1 - problem.carbon_weight) * cost.mean_latency() / references.latency_seconds;
        case Objective::kNone:
            return 0;
    }
    return 0;
}

std::vector<QuotaNode> quota_nodes(const Cluster& cluster) {
    std::vector<QuotaNode> nodes;
    for (const Node& node : cluster.nodes) nodes.push_back({node.cpus, to_seconds(node.quota_period)});
    return nodes;
}

ReplayPipeline replay_pipeline(const CostTable& table, const Placement& placement) {
    ReplayPipeline pipeline;
    for (const PlacedStage& placed : placement) {
        const StageCost cost = table.stage(placed.node, placed.layers);
        // A node that cannot be throttled draws on no quota, whatever the means and medians of its profile say.
        const double drawn = table.throttled(placed.node) ? cost.cpu() : 0.0;
        pipeline.stages.push_back({placed.node, Seconds(cost.busy), Seconds(drawn)});
    }
    for (std::size_t leg = 0; leg <= placement.size(); ++leg) {
        pipeline.legs.emplace_back(table.leg_time(end_before(table, placement, leg), end_after(table, placement, leg),
                                                  position_of_leg(placement, leg)));
    }
    return pipeline;
}

ReplayResult replay_placement(const PlanningProblem& problem, const CostTable& table, const Placement& placement) {
    return replay(quota_nodes(problem.cluster), replay_pipeline(table, placement), {});
}

Pipeline describe_pipeline(const PlanningProblem& problem, const CostTable& table, const Placement& placement) {
    const std::vector<Node>& nodes = problem.cluster.nodes;
    const auto name_of = [&](std::size_t end) { return end < nodes.size() ? nodes[end].name : std::string(kGateway); };
    const PlacementCost cost = cost_of(table, placement);
    Pipeline pipeline;
    double band = 0;
    for (const PlacedStage& placed : placement) {
        const StageCost stage = table.stage(placed.node, placed.layers);
        PlannedStage planned;
        planned.layers = placed.layers;
        planned.node = nodes[placed.node].name;
        planned.busy = rounded(stage.busy);
        planned.cpu = rounded(stage.cpu());
        planned.memory = Bytes(static_cast<std::int64_t>(std::ceil(stage.memory_bytes)));
        planned.input_bytes = table.cut_bytes(placed.layers.first);
        planned.parts = table.stage_parts(placed.node, stage, cost.mean_latency());
        const auto profile = static_cast<std::size_t>(problem.node_profile[placed.node]);
        band += relative_uncertainty(problem.profiles[profile]) * planned.parts.compute_joules.value();
        pipeline.stages.push_back(std::move(planned));
    }
    for (std::size_t leg = 0; leg <= placement.size(); ++leg) {
        const std::size_t from = end_before(table, placement, leg);
        const std::size_t to = end_after(table, placement, leg);
        const std::size_t position = position_of_leg(placement, leg);
        pipeline.transfers.push_back({name_of(from), name_of(to), table.cut_bytes(position),
                                      rounded(table.leg_time(from, to, position)),
                                      table.leg_parts(from, to, position)});
    }
    const ReplayResult replayed = replay_placement(problem, table, placement);
    Prediction& predicted = pipeline.predicted;
    // A replay of finite length may end a hair below the mean that is proven to be the least.
    predicted.latency_mean = rounded(std::max(replayed.mean.count(), cost.mean_latency()));
    predicted.latency_p50 = rounded(replayed.p50.count());
    predicted.latency_p95 = rounded(replayed.p95.count());
    predicted.throughput_per_second = 1.0 / to_seconds(predicted.latency_mean).count();
    predicted.pipeline_throughput_per_second = 1.0 / cost.occupancy;
    predicted.parts = cost.parts;
    predicted.uncertainty = Joules(band);
    return pipeline;
}

std::string placement_text(const Cluster& cluster, const Placement& placement) {
    std::string text;
    for (const PlacedStage& placed : placement) {
        text += fmt::format("{}{}-{} on {}", text.empty() ? "layers " : ", ", placed.layers.first,
                            placed.layers.end - 1, cluster.nodes[placed.node].name);
    }
    return text;
}

}  // namespace carbonedge
