#include "lib/planner/limit_analysis.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace carbonedge {
namespace {

using Kind = NamedLimit::Kind;

/// Not known to be infeasible.
bool feasible(PlanningProblem problem, const std::function<bool()>& out_of_time) {
    const bool any_latency = problem.limits.latency_mean || problem.limits.latency_p95;
    problem.objective = any_latency ? Objective::kLatency : Objective::kBottleneck;  // the quicker one to answer
    ExactPlannerOptions options;
    options.any_plan = true;
    options.out_of_time = out_of_time;
    return solve(problem, options).status != SearchStatus::kInfeasible;
}

const NamedLimit* find_kind(const std::vector<NamedLimit>& limits, Kind kind) {
    const auto found =
        std::find_if(limits.begin(), limits.end(), [&](const auto& limit) { return limit.kind == kind; });
    return found == limits.end() ? nullptr : &*found;
}

Placement best_without(PlanningProblem problem, const NamedLimit& limit, Objective objective,
                       const std::function<bool()>& out_of_time) {
    limit.remove(problem);
    problem.objective = objective;
    ExactPlannerOptions options;
    options.out_of_time = out_of_time;
    return solve(problem, options).placement;
}

std::string no_placement(const std::vector<NamedLimit>& limits) {
    std::vector<std::string> texts;
    for (const NamedLimit& limit : limits) texts.push_back(limit.text);
    return fmt::format("{}: no placement meets {}", fmt::join(texts, ", "), limits.size() > 1 ? "them all" : "it");
}

/// What would be possible if the most telling of the conflicting limits were given up.
std::string explain(const PlanningProblem& problem, const std::vector<NamedLimit>& limits,
                    const std::function<bool()>& out_of_time) {
    const std::string others = limits.size() > 1 ? " under the other limits" : "";
    const CostTable table(problem);
    if (const NamedLimit* limit = find_kind(limits, Kind::kLatencyMean)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency, out_of_time);
        if (best.empty()) return no_placement(limits);
        return fmt::format("{}: the fastest possible{} is {} ({})", limit->text, others,
                           duration_text(Seconds(cost_of(table, best).mean_latency())),
                           placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kLatencyP95)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency, out_of_time);
        if (best.empty()) return no_placement(limits);
        return fmt::format("{}: the plan of least mean latency{} has p95 {} ({})", limit->text, others,
                           duration_text(replay_placement(problem, table, best).p95),
                           placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kThroughput)) {
        const Placement best = best_without(problem, *limit, Objective::kBottleneck, out_of_time);
        if (best.empty()) return no_placement(limits);
        return fmt::format("{}: the most possible{} is {:.4g}/s ({})", limit->text, others,
                           1.0 / cost_of(table, best).occupancy, placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kMemory)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency, out_of_time);
        for (const PlacedStage& placed : best) {
            const StageCost cost = table.stage(placed.node, placed.layers);
            const Node& node = problem.cluster.nodes[placed.node];
            if (cost.memory_bytes <= static_cast<double>(node.memory.value())) continue;
            return fmt::format("memory: no allowed split fits{}; the fastest needs {} on {}, which has {}", others,
                               bytes_text(Bytes(static_cast<std::int64_t>(std::ceil(cost.memory_bytes)))), node.name,
                               bytes_text(node.memory));
        }
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kGivenCuts)) {
        return fmt::format("{}: {} stages cannot be placed on {} nodes{}", limit->text, problem.given_cuts->size() + 1,
                           problem.cluster.nodes.size(), others);
    }
    return no_placement(limits);
}

}  // namespace

std::vector<NamedLimit> limits_of(const PlanningProblem& problem) {
    const Limits& limits = problem.limits;
    std::vector<NamedLimit> named;
    if (limits.latency_mean) {
        named.push_back({Kind::kLatencyMean, "latency <= " + duration_text(to_seconds(*limits.latency_mean)),
                         [](PlanningProblem& p) { p.limits.latency_mean.reset(); }});
    }
    if (limits.latency_p95) {
        named.push_back({Kind::kLatencyP95, "p95 latency <= " + duration_text(to_seconds(*limits.latency_p95)),
                         [](PlanningProblem& p) { p.limits.latency_p95.reset(); }});
    }
    if (limits.throughput_per_second) {
        named.push_back({Kind::kThroughput, fmt::format("throughput >= {:.6g}/s", *limits.throughput_per_second),
                         [](PlanningProblem& p) { p.limits.throughput_per_second.reset(); }});
    }
    if (limits.max_nodes) {
        named.push_back({Kind::kMaxNodes, fmt::format("nodes <= {}", *limits.max_nodes),
                         [](PlanningProblem& p) { p.limits.max_nodes.reset(); }});
    }
    if (problem.given_cuts) {
        named.push_back({Kind::kGivenCuts, fmt::format("cuts kept at {}", fmt::join(*problem.given_cuts, ",")),
                         [](PlanningProblem& p) { p.given_cuts.reset(); }});
    }
    for (const auto& pin : limits.pinned) {
        named.push_back({Kind::kPinned, fmt::format("pin {}={}", pin.first, pin.second),
                         [pin](PlanningProblem& p) { std::erase(p.limits.pinned, pin); }});
    }
    for (const auto& ban : limits.forbidden) {
        named.push_back({Kind::kForbidden, fmt::format("forbid {}={}", ban.first, ban.second),
                         [ban](PlanningProblem& p) { std::erase(p.limits.forbidden, ban); }});
    }
    // A pin that is given twice goes, and is told, once.
    for (auto limit = named.begin(); limit != named.end();) {
        const bool told =
            std::any_of(named.begin(), limit, [&](const auto& other) { return other.text == limit->text; });
        limit = told ? named.erase(limit) : limit + 1;
    }
    named.push_back({Kind::kMemory, "memory", [](PlanningProblem& p) { p.hold_memory = false; }});
    return named;
}

Infeasibility explain_infeasibility(const PlanningProblem& problem, const std::function<bool()>& out_of_time) {
    PlanningProblem reduced = problem;
    std::vector<NamedLimit> needed;
    const std::vector<NamedLimit> all = limits_of(problem);
    for (const NamedLimit& limit : all) {
        PlanningProblem without = reduced;
        limit.remove(without);
        if (feasible(without, out_of_time)) {
            needed.push_back(limit);
        } else {
            reduced = std::move(without);
        }
    }
    Infeasibility result;
    for (const NamedLimit& limit : needed) result.conflicting_limits.push_back(limit.text);
    result.explanation = explain(reduced, needed, out_of_time);
    return result;
}

LimitVerdicts binding_limits(const PlanningProblem& problem, const Solution& optimum,
                             const std::function<bool()>& out_of_time) {
    const std::vector<NamedLimit> all = limits_of(problem);
    ExactPlannerOptions options;
    options.out_of_time = out_of_time;
    options.warm_start = optimum.prices;
    options.cutoff = optimum.search.value - std::abs(optimum.search.value) * 1e-9;
    options.any_plan = true;
    options.references = optimum.references;  // taking a limit away would move them, and values with them
    LimitVerdicts verdicts;
    PlanningProblem free = problem;
    for (const NamedLimit& limit : all) limit.remove(free);
    if (solve(free, options).status == SearchStatus::kInfeasible) return verdicts;
    for (const NamedLimit& limit : all) {
        PlanningProblem without = problem;
        limit.remove(without);
        const Solution better = solve(without, options);
        if (!better.placement.empty()) {
            verdicts.binding.push_back(limit.text);
        } else if (better.status == SearchStatus::kStopped) {
            verdicts.undecided.push_back(limit.text);
        }
    }
    return verdicts;
}

}  // namespace carbonedge
