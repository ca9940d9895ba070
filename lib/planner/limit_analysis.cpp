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

Placement placement_of(const CostTable& table, const std::vector<PathStep>& path) {
    Placement placement;
    for (const PathStep& step : path) {
        placement.push_back({step.node, {table.positions()[step.from], table.positions()[step.to]}});
    }
    return placement;
}

bool feasible(PlanningProblem problem) {
    problem.objective = Objective::kLatency;
    return solve(problem).status != SearchStatus::kInfeasible;
}

const NamedLimit* find_kind(const std::vector<NamedLimit>& limits, Kind kind) {
    const auto found =
        std::find_if(limits.begin(), limits.end(), [&](const auto& limit) { return limit.kind == kind; });
    return found == limits.end() ? nullptr : &*found;
}

Placement best_without(PlanningProblem problem, const NamedLimit& limit, Objective objective) {
    limit.remove(problem);
    problem.objective = objective;
    return solve(problem).placement;
}

/// What would be possible if the most telling of the conflicting limits were given up.
std::string explain(const PlanningProblem& problem, const std::vector<NamedLimit>& limits) {
    const std::string others = limits.size() > 1 ? " under the other limits" : "";
    const CostTable table(problem);
    if (const NamedLimit* limit = find_kind(limits, Kind::kLatencyMean)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency);
        return fmt::format("{}: the fastest possible{} is {} ({})", limit->text, others,
                           duration_text(Seconds(cost_of(table, best).mean_latency())),
                           placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kLatencyP95)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency);
        return fmt::format("{}: the plan of least mean latency{} has p95 {} ({})", limit->text, others,
                           duration_text(replay_placement(problem, table, best).p95),
                           placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kThroughput)) {
        const Placement best = best_without(problem, *limit, Objective::kBottleneck);
        return fmt::format("{}: the most possible{} is {:.4g}/s ({})", limit->text, others,
                           1.0 / cost_of(table, best).occupancy, placement_text(problem.cluster, best));
    }
    if (const NamedLimit* limit = find_kind(limits, Kind::kMemory)) {
        const Placement best = best_without(problem, *limit, Objective::kLatency);
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
    std::vector<std::string> texts;
    for (const NamedLimit& limit : limits) texts.push_back(limit.text);
    return fmt::format("{}: no placement meets {}", fmt::join(texts, ", "), limits.size() > 1 ? "them all" : "it");
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
    named.push_back({Kind::kMemory, "memory", [](PlanningProblem& p) { p.hold_memory = false; }});
    return named;
}

Solution solve(const PlanningProblem& problem, const ExactPlannerOptions&) {
    const CostTable table(problem);
    Solution solution;
    if (problem.objective == Objective::kScore) solution.references = score_references(problem, table);
    const SearchGraph graph = build_search_graph(problem, table, solution.references);
    // Most plans that are best without the p95 limit also meet it, and finding them needs no enumeration.
    solution.search = search_labels(graph, problem.caps);
    solution.status = solution.search.status;
    solution.placement = placement_of(table, solution.search.path);
    if (!problem.limits.latency_p95 || solution.search.path.empty()) return solution;
    const double limit = to_seconds(*problem.limits.latency_p95).count() * (1 + 1e-9);
    const AcceptPath accept = [&](const std::vector<PathStep>& path) {
        return replay_placement(problem, table, placement_of(table, path)).p95.count() <= limit;
    };
    if (accept(solution.search.path)) return solution;
    solution.search = search_labels(graph, problem.caps, accept);
    solution.status = solution.search.status;
    solution.placement = placement_of(table, solution.search.path);
    return solution;
}

Infeasibility explain_infeasibility(const PlanningProblem& problem) {
    PlanningProblem reduced = problem;
    std::vector<NamedLimit> needed;
    const std::vector<NamedLimit> all = limits_of(problem);
    for (const NamedLimit& limit : all) {
        PlanningProblem without = reduced;
        limit.remove(without);
        if (feasible(without)) {
            needed.push_back(limit);
        } else {
            reduced = std::move(without);
        }
    }
    Infeasibility result;
    for (const NamedLimit& limit : needed) result.conflicting_limits.push_back(limit.text);
    result.explanation = explain(reduced, needed);
    return result;
}

std::vector<std::string> binding_limits(const PlanningProblem& problem, double value) {
    const std::vector<NamedLimit> all = limits_of(problem);
    const auto better = [&](const PlanningProblem& relaxed) {
        const Solution solution = solve(relaxed);
        return solution.status == SearchStatus::kOptimal && solution.search.value < value - std::abs(value) * 1e-9;
    };
    PlanningProblem free = problem;
    for (const NamedLimit& limit : all) limit.remove(free);
    std::vector<std::string> binding;
    if (!better(free)) return binding;
    for (const NamedLimit& limit : all) {
        PlanningProblem without = problem;
        limit.remove(without);
        if (better(without)) binding.push_back(limit.text);
    }
    return binding;
}

}  // namespace carbonedge
