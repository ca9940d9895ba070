#include "lib/planner/policies.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/partition/partitioner.h"
#include "lib/planner/baselines.h"
#include "lib/scheduler/request_router.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <variant>

namespace carbonedge {
namespace {

/// Lets a replay route as a run would.
class PlanRouter : public ReplayRouter {
public:
    explicit PlanRouter(const Plan& plan) : router_(plan) {}
    std::size_t choose() override { return router_.choose(); }
    void finished(std::size_t pipeline, Seconds latency) override { router_.finished(pipeline, latency); }

private:
    RequestRouter router_;
};

bool holds(const PlanningProblem& problem, const CostTable& table, const PlacedStage& placed) {
    return table.stage(placed.node, placed.layers).memory_bytes <=
           static_cast<double>(problem.cluster.nodes[placed.node].memory.value());
}

std::vector<Placement> monolithic_placements(const PlanningProblem& problem, const CostTable& table,
                                             std::vector<std::string>& notes) {
    std::vector<Placement> placements;
    for (std::size_t v = 0; v < table.nodes(); ++v) {
        const PlacedStage whole{v, {0, table.layers()}};
        if (holds(problem, table, whole)) {
            placements.push_back({whole});
        } else {
            notes.push_back(
                fmt::format("node {} is left out: it cannot hold the model", problem.cluster.nodes[v].name));
        }
    }
    return placements;
}

/// Why the rule has no plan, or its pipelines.
using Proposal = std::variant<std::vector<Placement>, Infeasibility>;

/// One stage a node, by shares of a cost.
Proposal split_by_shares(const PlanningProblem& problem, const CostTable& table, const SplitRequest& request) {
    const std::size_t stages = request.shares.size();
    if (table.positions().size() < stages + 1) {
        return Infeasibility{
            {"cuts"},
            fmt::format("cuts: a stage on each of {} nodes needs {} cuts, this profile has {} legal ones", stages,
                        stages - 1, table.positions().size() - 2)};
    }
    const std::vector<double> costs = *row_costs(problem.profiles.front(), request.by);
    if (std::all_of(costs.begin(), costs.end(), [](double cost) { return cost == 0; })) {
        return Infeasibility{
            {"cost"}, fmt::format("cost: the {} of every row are 0 in this profile", cost_model_name(request.by))};
    }
    const Partition partition = split_profile(problem.profiles.front(), request);
    Placement placement;
    for (std::size_t s = 0; s < partition.stages.size(); ++s) placement.push_back({s, partition.stages[s]});
    return std::vector<Placement>{placement};
}

Proposal on_named_node(const PlanningProblem& problem, const CostTable& table, const std::string& name) {
    const std::optional<NodeIndex> node = find_node(problem.cluster, name);
    if (!node) {
        std::vector<std::string> names;
        for (const Node& each : problem.cluster.nodes) names.push_back(each.name);
        throw UsageError("--policy: " + unknown_name_message("node", name, names));
    }
    return std::vector<Placement>{{{node->value(), {0, table.layers()}}}};
}

Proposal placements_of(const PlanningProblem& problem, const CostTable& table, const ScoreReferences& references,
                       const Policy& policy, std::vector<std::string>& notes) {
    const auto nodes = static_cast<double>(table.nodes());
    const auto single = [](Placement placement) { return std::vector<Placement>{std::move(placement)}; };
    switch (policy.kind) {
        case Policy::Kind::kMonolithic:
            return on_named_node(problem, table, policy.node);
        case Policy::Kind::kBestNode:
            return single(best_node(problem, table, references));
        case Policy::Kind::kRoundRobin:
        case Policy::Kind::kNodeSelection: {
            std::vector<Placement> placements = monolithic_placements(problem, table, notes);
            if (placements.empty()) return Infeasibility{{"memory"}, "memory: no node can hold the whole model"};
            return placements;
        }
        case Policy::Kind::kEqual:
            return split_by_shares(
                problem, table,
                {SplitMethod::kEqual, CostModel::kLatency, std::vector<double>(table.nodes(), 1 / nodes), {}});
        case Policy::Kind::kEqualLayers:
            return single(equal_layers(table));
        case Policy::Kind::kCapability:
            return split_by_shares(
                problem, table,
                {SplitMethod::kCapability, CostModel::kParameters, capability_shares(problem.cluster), {}});
        case Policy::Kind::kRam:
            return single(memory_weighted(problem, table));
        case Policy::Kind::kBlock:
            return single(block_balanced(problem, table));
        case Policy::Kind::kPipeDream:
            return single(pipedream(problem, table));
        case Policy::Kind::kOneCut:
            return single(one_cut(problem, table));
        case Policy::Kind::kMinCut:
            return single(minimum_cut(problem, table));
        case Policy::Kind::kRandom:
            return single(random_pipeline(table, policy.seed));
    }
    throw std::logic_error("unknown policy");
}

/// The whole plan's prediction: its only pipeline's, or the mean over requests as the router spreads them; states the
/// pipelines' shares.
Prediction predict(Plan& plan, const CostTable& table, const std::vector<Placement>& placements) {
    if (placements.size() == 1) return plan.pipelines.front().predicted;
    std::vector<ReplayPipeline> pipelines;
    for (const Placement& placement : placements) pipelines.push_back(replay_pipeline(table, placement));
    ReplayLoad load;
    load.requests += pipelines.size() - load.requests % pipelines.size();  // every turn of a round robin is whole
    std::unique_ptr<PlanRouter> router;
    const ReplayResult replayed = replay(quota_nodes(plan.cluster), pipelines, load, [&]() -> ReplayRouter& {
        router = std::make_unique<PlanRouter>(plan);
        return *router;
    });
    Prediction prediction;
    prediction.latency_mean = to_nanoseconds(replayed.mean);
    prediction.latency_p50 = to_nanoseconds(replayed.p50);
    prediction.latency_p95 = to_nanoseconds(replayed.p95);
    prediction.throughput_per_second = 1.0 / replayed.mean.count();
    prediction.pipeline_throughput_per_second = std::numeric_limits<double>::infinity();
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
        const double share = replayed.pipeline_shares[p];
        plan.pipelines[p].share = share;
        if (share <= 0) continue;
        const Prediction& own = plan.pipelines[p].predicted;
        prediction.parts += scaled(own.parts, share);
        prediction.uncertainty += own.uncertainty * share;
        prediction.pipeline_throughput_per_second =
            std::min(prediction.pipeline_throughput_per_second, own.pipeline_throughput_per_second / share);
    }
    return prediction;
}

std::vector<std::string> broken_limits(const PlanningProblem& problem, const CostTable& table,
                                       const std::vector<Placement>& placements, const Prediction& predicted,
                                       double mean) {
    std::vector<std::string> broken;
    const Limits& limits = problem.limits;
    if (limits.latency_mean && mean > to_seconds(*limits.latency_mean).count() * (1 + 1e-9)) {
        broken.push_back(fmt::format("latency <= {}: it takes {}", duration_text(to_seconds(*limits.latency_mean)),
                                     duration_text(Seconds(mean))));
    }
    if (limits.latency_p95 && predicted.latency_p95 > *limits.latency_p95) {
        broken.push_back(fmt::format("p95 latency <= {}: it has {}", duration_text(to_seconds(*limits.latency_p95)),
                                     duration_text(to_seconds(predicted.latency_p95))));
    }
    if (limits.throughput_per_second &&
        predicted.pipeline_throughput_per_second < *limits.throughput_per_second * (1 - 1e-9)) {
        broken.push_back(fmt::format("throughput >= {:.6g}/s: it has {:.4g}/s", *limits.throughput_per_second,
                                     predicted.pipeline_throughput_per_second));
    }
    PlanningProblem rows = problem;  // what is left: memory and layers, stage by stage
    rows.limits.latency_mean.reset();
    rows.limits.latency_p95.reset();
    rows.limits.throughput_per_second.reset();
    for (const Placement& placement : placements) {
        if (limits.max_nodes && placement.size() > *limits.max_nodes) {
            broken.push_back(fmt::format("nodes <= {}: it uses {}", *limits.max_nodes, placement.size()));
        }
        for (const PlacedStage& placed : placement) {
            if (stage_allowed(rows, table, placed.node, placed.layers)) continue;
            broken.push_back(fmt::format("{} of {}",
                                         holds(problem, table, placed) ? "pinned or forbidden layers" : "memory",
                                         placement_text(problem.cluster, {placed})));
        }
    }
    return broken;
}

std::string routing_name(Policy::Kind kind) {
    if (kind == Policy::Kind::kRoundRobin) return "round-robin";
    return kind == Policy::Kind::kNodeSelection ? "node-selection" : "single";
}

/// A policy's plan with what its limits are judged by.
struct ProposedPlan {
    Plan plan;
    std::vector<Placement> placements;
    PlacementCost cost;  ///< of the whole, routing included
};

std::variant<ProposedPlan, Infeasibility> propose(const PlanningProblem& problem, const CostTable& table,
                                                  const Policy& policy, const std::string& name) {
    ScoreReferences references;
    if (problem.objective == Objective::kScore) references = score_references(problem, table);
    ProposedPlan proposed{plan_frame(problem, name, references), {}, {}};
    Plan& plan = proposed.plan;
    Proposal proposal = placements_of(problem, table, references, policy, plan.notes);
    if (auto* none = std::get_if<Infeasibility>(&proposal)) return std::move(*none);
    proposed.placements = std::get<std::vector<Placement>>(std::move(proposal));
    const std::vector<Placement>& placements = proposed.placements;

    plan.routing.policy = routing_name(policy.kind);
    if (policy.kind == Policy::Kind::kNodeSelection) {
        plan.routing.mode = policy.mode;
        plan.routing.variant = policy.variant;
    }
    for (const Placement& placement : placements) {
        plan.pipelines.push_back(describe_pipeline(problem, table, placement));
    }
    plan.predicted = predict(plan, table, placements);
    PlacementCost& cost = proposed.cost;
    cost = cost_of(table, placements.front());
    if (placements.size() > 1) {
        cost.sum = to_seconds(plan.predicted.latency_mean).count();
        cost.slow = 0;
        cost.occupancy = 1.0 / plan.predicted.pipeline_throughput_per_second;
        cost.parts = plan.predicted.parts;
    }
    plan.certificate.method = "policy";
    plan.certificate.value = objective_value(problem, references, cost);
    return proposed;
}

/// Policies cut where they like: kept cuts are the exact planner's.
CostTable table_of(PlanningProblem problem) {
    problem.given_cuts.reset();
    return CostTable(problem);
}

}  // namespace

PlanOrInfeasibility propose_plan(const PlanningProblem& problem, const Policy& policy, const std::string& name) {
    check_problem(problem);
    auto proposed = propose(problem, table_of(problem), policy, name);
    if (auto* none = std::get_if<Infeasibility>(&proposed)) return std::move(*none);
    return std::get<ProposedPlan>(std::move(proposed)).plan;
}

PlanOrInfeasibility plan_policy(const PlanningProblem& problem, const Policy& policy, const std::string& name) {
    check_problem(problem);
    const CostTable table = table_of(problem);
    auto outcome = propose(problem, table, policy, name);
    if (auto* none = std::get_if<Infeasibility>(&outcome)) return std::move(*none);
    ProposedPlan& proposed = std::get<ProposedPlan>(outcome);
    const std::vector<std::string> broken =
        broken_limits(problem, table, proposed.placements, proposed.plan.predicted, proposed.cost.mean_latency());
    if (broken.empty()) return std::move(proposed.plan);
    return Infeasibility{broken, fmt::format("policy {} breaks {}", name, fmt::join(broken, "; "))};
}

}  // namespace carbonedge
