#include "lib/tradeoff/replan.h"

#include "lib/planner/planner_state.h"
#include "lib/tradeoff/plain_numbers.h"
#include "lib/tradeoff/plan_problem.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// The running pipeline by index, where all of its nodes are there.
std::optional<Placement> placed(const Cluster& cluster, const RunningPipeline& running) {
    Placement placement;
    for (const RunningStage& stage : running) {
        const std::optional<NodeIndex> node = find_node(cluster, stage.node);
        if (!node) return std::nullopt;
        placement.push_back({node->value(), stage.layers});
    }
    return placement;
}

std::vector<std::string> missing_nodes(const Cluster& cluster, const RunningPipeline& running) {
    std::vector<std::string> lines;
    for (const RunningStage& stage : running) {
        if (!find_node(cluster, stage.node)) lines.push_back(fmt::format("node {} is gone", stage.node));
    }
    return lines;
}

/// Grams or joules that moving costs, where the objective counts them.
std::optional<double> moving_cost(Objective objective, const MoveAccount& account) {
    if (objective == Objective::kCarbon) return account.grams.value();
    if (objective == Objective::kEnergy) return account.joules.value();
    return std::nullopt;
}

std::string percent_text(double share) { return fmt::format("{:.3g} %", 100 * share); }

ScoreReferences references_of(const PlanningProblem& problem, const CostTable& table) {
    return problem.objective == Objective::kScore ? score_references(problem, table) : ScoreReferences{};
}

/// The decision where the running pipeline may go on.
void weigh(const PlanningProblem& problem, const MovePolicy& policy, MoveDecision& decision) {
    const double saved = *decision.running_value - decision.best_value;
    const std::optional<double> cost = moving_cost(problem.objective, decision.account);
    if (cost && saved > 0 && policy.requests_per_second > 0) {
        decision.payback = Seconds(*cost / (saved * policy.requests_per_second));
    }
    if (decision.account.moves.empty() || !(saved > std::abs(*decision.running_value) * 1e-12)) {
        decision.reason = "nothing saves more than what runs";
    } else if (decision.saving() < policy.least_saving) {
        decision.reason =
            fmt::format("saves {}, less than {}", percent_text(decision.saving()), percent_text(policy.least_saving));
    } else if (cost && (!decision.payback || *decision.payback > policy.payback)) {
        decision.reason = fmt::format(
            "saves {}, but moving is paid back after {}, later than {}", percent_text(decision.saving()),
            decision.payback ? span_text(*decision.payback) : std::string("no time"), span_text(policy.payback));
    } else {
        decision.verdict = MoveVerdict::kMove;
        decision.reason = fmt::format("saves {}", percent_text(decision.saving()));
        if (decision.payback) decision.reason += fmt::format(", paid back after {}", span_text(*decision.payback));
    }
}

MoveDecision decide(const PlanningProblem& problem, const CostTable& table, const RunningPipeline& running,
                    const Placement& best, const MovePolicy& policy) {
    MoveDecision decision;
    const ScoreReferences references = references_of(problem, table);
    decision.best_cost = cost_of(table, best);
    decision.best_value = objective_value(problem, references, decision.best_cost);
    decision.account = account_of_move(problem, running, best, policy.restart);
    decision.broken = missing_nodes(problem.cluster, running);
    if (decision.broken.empty()) {
        const Placement now = *placed(problem.cluster, running);
        decision.running_cost = cost_of(table, now);
        decision.running_value = objective_value(problem, references, *decision.running_cost);
        decision.broken = broken_by(problem, table, now);
    }
    if (!decision.broken.empty()) {
        decision.verdict = MoveVerdict::kMustMove;
        decision.reason = fmt::format("what runs is not allowed any more: {}", fmt::join(decision.broken, "; "));
        return decision;
    }
    weigh(problem, policy, decision);
    return decision;
}

}  // namespace

std::string_view verdict_name(MoveVerdict verdict) {
    switch (verdict) {
        case MoveVerdict::kStay:
            return "stay";
        case MoveVerdict::kMove:
            return "move";
        case MoveVerdict::kMustMove:
            return "must move";
    }
    return "";
}

RunningPipeline running_pipeline(const Cluster& cluster, const Placement& placement) {
    RunningPipeline running;
    for (const PlacedStage& stage : placement) running.push_back({cluster.nodes[stage.node].name, stage.layers});
    return running;
}

MoveAccount account_of_move(const PlanningProblem& problem, const RunningPipeline& from, const Placement& to,
                            Seconds restart) {
    const Cluster& cluster = problem.cluster;
    MoveAccount account;
    for (const PlacedStage& stage : to) {
        const Node& node = cluster.nodes[stage.node];
        if (std::count(from.begin(), from.end(), RunningStage{node.name, stage.layers}) > 0) continue;
        StageMove move;
        move.node = node.name;
        move.layers = stage.layers;
        const Profile& profile = problem.profiles[static_cast<std::size_t>(problem.node_profile[stage.node])];
        for (std::size_t l = stage.layers.first; l < stage.layers.end; ++l)
            move.weights += profile.layers[l].weight_bytes;
        const Link link = link_between(cluster, kGateway, node.name);
        const auto bytes = static_cast<double>(move.weights.value());
        move.time = to_seconds(link.latency) + restart;
        if (link.bandwidth.value() > 0) move.time += Seconds(bytes / link.bandwidth.value());
        const Joules shipping(bytes * link.energy_per_byte.value());
        const Joules starting = (node.busy_power_per_core - node.idle_power_per_core) * node.pue * restart;
        move.joules = shipping + starting;
        move.grams = shipping * link_intensity(cluster, link, kGateway, node.name) + starting * node.intensity;
        account.weights += move.weights;
        account.joules += move.joules;
        account.grams += move.grams;
        account.downtime = std::max(account.downtime, move.time);
        account.moves.push_back(std::move(move));
    }
    for (const RunningStage& stage : from) {
        const bool kept = std::any_of(
            to.begin(), to.end(), [&](const PlacedStage& one) { return cluster.nodes[one.node].name == stage.node; });
        if (!kept) account.released.push_back(stage.node);
    }
    return account;
}

MoveDecision decide_move(const PlanningProblem& problem, const RunningPipeline& running, const Placement& best,
                         const MovePolicy& policy) {
    return decide(problem, CostTable(problem), running, best, policy);
}

std::vector<WalkedStep> walk_through(const PlanningProblem& problem, const RunningPipeline& running,
                                     const std::vector<Cluster>& clusters, const MovePolicy& policy) {
    std::vector<WalkedStep> steps;
    PlannerState state(problem);
    RunningPipeline in_force = running;
    for (const Cluster& cluster : clusters) {
        state.change_intensities(cluster);
        const PlanningProblem& now = state.problem();
        ExactPlannerOptions options;
        if (const auto known = placed(now.cluster, in_force)) options.incumbent = *known;
        const Solution solution = state.solve(options);
        if (solution.placement.empty()) break;
        const CostTable table(now);
        const ScoreReferences references = references_of(now, table);
        WalkedStep step;
        step.proven = solution.status == SearchStatus::kOptimal;
        step.decision = decide(now, table, in_force, solution.placement, policy);
        step.lower_bound = std::min(step.decision.best_value, solution.search.lower_bound);
        if (const auto first = placed(now.cluster, running); first && broken_by(now, table, *first).empty()) {
            step.first_value = objective_value(now, references, cost_of(table, *first));
        }
        if (step.decision.verdict == MoveVerdict::kStay) {
            step.placement = *placed(now.cluster, in_force);
            step.value = *step.decision.running_value;
        } else {
            step.placement = solution.placement;
            step.value = step.decision.best_value;
            in_force = running_pipeline(now.cluster, solution.placement);
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace carbonedge
