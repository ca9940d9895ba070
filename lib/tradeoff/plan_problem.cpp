#include "lib/tradeoff/plan_problem.h"

#include "lib/base/errors.h"
#include "lib/planner/search_graph.h"
#include "lib/units/text.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

/// The same slack that verify gives to what a plan file states.
constexpr double kSlack = 1e-9;

}  // namespace

PlanningProblem problem_of_plan(const Plan& plan) {
    PlanningProblem problem;
    problem.cluster = plan.cluster;
    problem.profiles = plan.profiles;
    problem.node_profile = plan.node_profile;
    problem.objective = plan.objective == Objective::kNone ? Objective::kCarbon : plan.objective;
    problem.carbon_weight = plan.carbon_weight;
    problem.limits = plan.limits;
    if (plan.certificate.method.ends_with("given-cuts") && plan.pipelines.size() == 1) {
        problem.given_cuts.emplace();
        const std::vector<PlannedStage>& stages = plan.pipelines.front().stages;
        for (std::size_t s = 1; s < stages.size(); ++s) problem.given_cuts->push_back(stages[s].layers.first);
    }
    return problem;
}

Placement placement_of_plan(const Plan& plan, const PlanningProblem& problem) {
    if (plan.pipelines.size() != 1) {
        throw UsageError(
            fmt::format("plan {} has {} pipelines, expected a plan of one", plan.name, plan.pipelines.size()));
    }
    Placement placement;
    for (const PlannedStage& stage : plan.pipelines.front().stages) {
        const std::optional<NodeIndex> node = find_node(problem.cluster, stage.node);
        if (!node) {
            throw UsageError(
                fmt::format("plan {} runs on node '{}', which the cluster does not have", plan.name, stage.node));
        }
        placement.push_back({node->value(), stage.layers});
    }
    return placement;
}

std::vector<std::string> broken_by(const PlanningProblem& problem, const CostTable& table, const Placement& placement) {
    std::vector<std::string> broken;
    const Limits& limits = problem.limits;
    const PlacementCost cost = cost_of(table, placement);
    if (limits.latency_mean && cost.mean_latency() > to_seconds(*limits.latency_mean).count() * (1 + kSlack)) {
        broken.push_back(fmt::format("latency <= {}: it takes {}", duration_text(to_seconds(*limits.latency_mean)),
                                     duration_text(Seconds(cost.mean_latency()))));
    }
    if (limits.latency_p95) {
        const Seconds p95 = replay_placement(problem, table, placement).p95;
        if (p95.count() > to_seconds(*limits.latency_p95).count() * (1 + kSlack)) {
            broken.push_back(fmt::format("p95 latency <= {}: it has {}", duration_text(to_seconds(*limits.latency_p95)),
                                         duration_text(p95)));
        }
    }
    if (limits.throughput_per_second && cost.occupancy * *limits.throughput_per_second > 1 + kSlack) {
        broken.push_back(
            fmt::format("throughput >= {:.6g}/s: it has {:.4g}/s", *limits.throughput_per_second, 1 / cost.occupancy));
    }
    if (limits.max_nodes && placement.size() > *limits.max_nodes) {
        broken.push_back(fmt::format("nodes <= {}: it uses {}", *limits.max_nodes, placement.size()));
    }
    PlanningProblem rows;  // what is left: memory and layers, stage by stage
    rows.cluster = problem.cluster;
    rows.profiles = problem.profiles;
    rows.limits.pinned = limits.pinned;
    rows.limits.forbidden = limits.forbidden;
    for (const PlacedStage& placed : placement) {
        if (stage_allowed(rows, table, placed.node, placed.layers)) continue;
        const StageCost stage = table.stage(placed.node, placed.layers);
        const Node& node = problem.cluster.nodes[placed.node];
        if (stage.memory_bytes > static_cast<double>(node.memory.value())) {
            broken.push_back(fmt::format("memory: {} needs {}, {} has {}", placement_text(problem.cluster, {placed}),
                                         bytes_text(Bytes(static_cast<std::int64_t>(stage.memory_bytes))), node.name,
                                         bytes_text(node.memory)));
        } else {
            broken.push_back("pinned or forbidden layers: " + placement_text(problem.cluster, {placed}));
        }
    }
    return broken;
}

}  // namespace carbonedge
