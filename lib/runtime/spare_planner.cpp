#include "lib/runtime/spare_planner.h"

#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/plan_problem.h"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <tuple>

namespace carbonedge {
namespace {

PlanningProblem free_problem(const Plan& plan) {
    PlanningProblem problem = problem_of_plan(plan);
    problem.given_cuts.reset();  // they were chosen for nodes that may be gone
    return problem;
}

bool holds(const HeldStages& held, const std::string& node, const LayerRange& layers) {
    const auto found = held.find(node);
    return found != held.end() && found->second.contains({layers.first, layers.end});
}

Placement placement_of(const Pipeline& pipeline, const Cluster& cluster) {
    Placement placement;
    for (const PlannedStage& stage : pipeline.stages)
        placement.push_back({find_node(cluster, stage.node)->value(), stage.layers});
    return placement;
}

}  // namespace

HeldStages held_stages(const std::vector<Pipeline>& pipelines) {
    HeldStages held;
    for (const Pipeline& pipeline : pipelines) {
        for (const PlannedStage& stage : pipeline.stages)
            held[stage.node].emplace(stage.layers.first, stage.layers.end);
    }
    return held;
}

SparePlanner::SparePlanner(const Plan& plan)
    : problem_(free_problem(plan)), table_(problem_), references_(score_references(problem_, table_)) {
    std::set<std::size_t> cuts{0, table_.layers()};
    for (const Pipeline& pipeline : plan.pipelines) {
        for (const PlannedStage& stage : pipeline.stages) cuts.insert(stage.layers.first);
    }
    cuts_.assign(cuts.begin(), cuts.end());
}

std::optional<std::string> SparePlanner::pinned_to(const std::set<std::string>& without) const {
    for (const auto& [layer, node] : problem_.limits.pinned) {
        if (without.contains(node)) return fmt::format("layer '{}' is pinned to node '{}'", layer, node);
    }
    return std::nullopt;
}

PlanningProblem SparePlanner::left(const std::set<std::string>& without, const HeldStages& held) const {
    PlanningProblem problem = problem_;
    for (std::size_t i = 0; i < problem.cluster.nodes.size(); ++i) {
        Node& node = problem.cluster.nodes[i];
        if (without.contains(node.name)) problem.limits.forbidden.emplace_back("*", node.name);
        const auto found = held.find(node.name);
        if (found == held.end()) continue;
        double memory = static_cast<double>(node.memory.value());
        // Each stage's figure has the runtime's base in it, so that several of them count it too often: never too
        // little.
        for (const auto& [first, end] : found->second) memory -= table_.stage(i, {first, end}).memory_bytes;
        node.memory = Bytes(static_cast<std::int64_t>(std::max(memory, 1.0)));
    }
    return problem;
}

Bytes SparePlanner::to_load(const Placement& placement, const HeldStages& held) const {
    Bytes weights;
    for (const PlacedStage& placed : placement) {
        if (holds(held, problem_.cluster.nodes[placed.node].name, placed.layers)) continue;
        for (std::size_t layer = placed.layers.first; layer < placed.layers.end; ++layer)
            weights += problem_.profiles[0].layers[layer].weight_bytes;
    }
    return weights;
}

Spare SparePlanner::describe(const Placement& placement, const HeldStages& held) const {
    return {describe_pipeline(problem_, table_, placement),
            objective_value(problem_, references_, cost_of(table_, placement)), to_load(placement, held),
            broken_by(problem_, table_, placement)};
}

std::optional<Spare> SparePlanner::best(const std::set<std::string>& without, const HeldStages& held) {
    PlanningProblem problem = left(without, held);
    std::optional<Spare> found;
    const auto consider = [&](const std::optional<Spare>& spare) {
        if (!spare) return;
        if (!found ||
            std::make_pair(!spare->broken.empty(), spare->value) < std::make_pair(!found->broken.empty(), found->value))
            found = spare;
    };
    // What is held already takes no memory again, which the search does not know.
    consider(quickest(without, held));
    PlanOrInfeasibility outcome = plan_exactly(problem, "spare");
    if (!std::holds_alternative<Plan>(outcome) && (!found || !found->broken.empty())) {
        problem.limits.latency_mean.reset();
        problem.limits.latency_p95.reset();
        problem.limits.throughput_per_second.reset();
        problem.limits.max_nodes.reset();
        outcome = plan_exactly(problem, "spare");
    }
    if (const auto* plan = std::get_if<Plan>(&outcome)) {
        consider(describe(placement_of(plan->pipelines.front(), problem_.cluster), held));
    }
    return found;
}

std::optional<Spare> SparePlanner::quickest(const std::set<std::string>& without, const HeldStages& held) {
    const PlanningProblem room = left(without, held);
    PlanningProblem rows;  // memory, pinned and forbidden layers
    rows.cluster = room.cluster;
    rows.profiles = room.profiles;
    rows.limits.pinned = room.limits.pinned;
    rows.limits.forbidden = room.limits.forbidden;
    PlanningProblem unlimited = rows;
    for (Node& node : unlimited.cluster.nodes) node.memory = Bytes(std::int64_t{1} << 60);

    std::size_t tried = 0;
    Placement placement;
    std::optional<Placement> least;
    std::tuple<std::int64_t, double> least_key;
    std::vector<bool> used(problem_.cluster.nodes.size(), false);
    const std::function<void(std::size_t)> extend = [&](std::size_t at) {
        if (++tried > kMostTried) return;
        if (at + 1 == cuts_.size()) {
            const double value = objective_value(problem_, references_, cost_of(table_, placement));
            const std::tuple<std::int64_t, double> key{to_load(placement, held).value(), value};
            if (!least || key < least_key) {
                least = placement;
                least_key = key;
            }
            return;
        }
        for (std::size_t node = 0; node < used.size(); ++node) {
            if (used[node]) continue;
            for (std::size_t end = at + 1; end < cuts_.size(); ++end) {
                const LayerRange layers{cuts_[at], cuts_[end]};
                const bool held_there = holds(held, problem_.cluster.nodes[node].name, layers);
                if (!stage_allowed(held_there ? unlimited : rows, table_, node, layers)) continue;
                used[node] = true;
                placement.push_back({node, layers});
                extend(end);
                placement.pop_back();
                used[node] = false;
            }
        }
    };
    extend(0);
    if (!least) return std::nullopt;
    return describe(*least, held);
}

}  // namespace carbonedge
