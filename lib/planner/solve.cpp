#include "lib/planner/solve.h"

#include "lib/planner/bottleneck_planner.h"
#include "lib/planner/minimax_search.h"

#include <algorithm>

namespace carbonedge {
namespace {

Placement placement_of(const SearchGraph& graph, const CostTable& table, const std::vector<PathStep>& path) {
    Placement placement;
    std::vector<std::size_t> used(graph.kinds, 0);
    for (const PathStep& step : path) {
        const std::vector<std::size_t>& members = graph.members[step.kind];
        const std::size_t node = members[used[step.kind]++ % members.size()];
        placement.push_back({node, {table.positions()[step.from], table.positions()[step.to]}});
    }
    return placement;
}

/// Empty where the placement is not one of this graph.
std::vector<PathStep> path_of(const SearchGraph& graph, const CostTable& table, const Placement& placement) {
    const std::vector<std::size_t>& positions = table.positions();
    std::vector<PathStep> path;
    for (const PlacedStage& placed : placement) {
        PathStep step{graph.kinds, 0, 0};
        for (std::size_t k = 0; k < graph.kinds; ++k) {
            if (std::count(graph.members[k].begin(), graph.members[k].end(), placed.node) > 0) step.kind = k;
        }
        const auto from = std::lower_bound(positions.begin(), positions.end(), placed.layers.first);
        const auto to = std::lower_bound(positions.begin(), positions.end(), placed.layers.end);
        if (step.kind == graph.kinds || from == positions.end() || *from != placed.layers.first ||
            to == positions.end() || *to != placed.layers.end) {
            return {};
        }
        step.from = static_cast<std::size_t>(from - positions.begin());
        step.to = static_cast<std::size_t>(to - positions.begin());
        path.push_back(step);
    }
    return path;
}

SearchResult search(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes) {
    return graph.minimax ? search_minimax(graph, caps, wishes) : search_labels(graph, caps, wishes);
}

/// The limits on latency alone, which threshold probing does not look at.
bool meets_latency_limits(const PlanningProblem& problem, const CostTable& table, const Placement& placement) {
    const Limits& limits = problem.limits;
    const auto within = [](double seconds, const std::optional<Nanoseconds>& limit) {
        return !limit || seconds <= to_seconds(*limit).count() * (1 + 1e-12);
    };
    return within(cost_of(table, placement).mean_latency(), limits.latency_mean) &&
           (!limits.latency_p95 || within(replay_placement(problem, table, placement).p95.count(), limits.latency_p95));
}

constexpr std::string_view kProbing = "exact-threshold-probing";
/// Where probing left a gap the labels get a chance to close it, not the time to try everything.
constexpr std::size_t kLabelsAfterProbing = 200'000;

BottleneckSolution probed_bottleneck(const PlanningProblem& problem, const CostTable& table,
                                     const ExactPlannerOptions& options) {
    ProbingOptions probing;
    probing.cutoff = options.cutoff;
    probing.out_of_time = options.any_plan ? [] { return true; } : options.out_of_time;
    return probe_bottleneck(problem, table, probing);
}

Solution solution_of(const BottleneckSolution& probed) {
    Solution solution;
    solution.method = kProbing;
    solution.placement = probed.placement;
    solution.status = SearchStatus::kStopped;
    if (probed.proven) solution.status = probed.feasible ? SearchStatus::kOptimal : SearchStatus::kInfeasible;
    solution.search.status = solution.status;
    solution.search.value = probed.value;
    solution.search.lower_bound = probed.lower_bound;
    solution.search.counters = probed.counters;
    return solution;
}

/// The better plan and the better bound of two searches, both stopped early or not.
Solution combined(Solution labels, const BottleneckSolution& probed, bool allowed) {
    if (labels.status != SearchStatus::kStopped) return labels;
    const double bound = std::max(labels.search.lower_bound, probed.lower_bound);
    if (allowed && (labels.placement.empty() || probed.value < labels.search.value)) labels = solution_of(probed);
    labels.search.lower_bound = bound;
    if (!labels.placement.empty() && bound >= labels.search.value * (1 - 1e-12)) labels.status = SearchStatus::kOptimal;
    labels.search.status = labels.status;
    return labels;
}

/// Thresholds first; labels where a limit on latency forbids what is best without it, or where the cluster has too many
/// kinds of nodes for the thresholds to prove it.
Solution solve_bottleneck(PlanningProblem problem, const CostTable& table, ExactPlannerOptions options) {
    const BottleneckSolution probed = probed_bottleneck(problem, table, options);
    const bool allowed = probed.feasible && meets_latency_limits(problem, table, probed.placement);
    const bool enough = probed.proven || probed.complete || options.any_plan;
    if (probed.proven && !probed.feasible) return solution_of(probed);
    if (allowed && enough) return solution_of(probed);
    if (!probed.feasible && probed.complete) return solution_of(probed);  // out of time
    if (allowed) {
        options.incumbent = probed.placement;
        problem.caps.labels = std::min(problem.caps.labels, kLabelsAfterProbing);
    }
    const SearchGraph graph = build_search_graph(problem, table, {}, Alike::kTellApart);
    return combined(solve_tables(problem, table, {}, graph, options), probed, allowed);
}

}  // namespace

Solution solve_tables(const PlanningProblem& problem, const CostTable& table, const ScoreReferences& references,
                      const SearchGraph& graph, const ExactPlannerOptions& options) {
    SearchWishes wishes;
    wishes.out_of_time = options.out_of_time;
    wishes.cutoff = options.cutoff.value_or(kNotAllowed);
    wishes.any_plan = options.any_plan;
    wishes.certify = options.certify;
    if (options.warm_start) wishes.warm_start = per_kind(graph, *options.warm_start);
    wishes.known_path = path_of(graph, table, options.incumbent);
    Solution solution;
    solution.references = references;
    const auto take = [&](const SearchGraph& searched, SearchResult result) {
        solution.status = result.status;
        solution.placement = placement_of(searched, table, result.path);
        solution.search = std::move(result);
    };
    // Most plans that are best without the p95 limit also meet it, and finding them needs no enumeration.
    take(graph, search(graph, problem.caps, wishes));
    if (!graph.minimax) {
        solution.prices = per_node(graph, solution.search.prices);
        if (options.certify && solution.search.priced_bound > -kNotAllowed) {
            solution.priced_bound = solution.search.priced_bound;
            solution.relaxed = placement_of(graph, table, solution.search.relaxed_path);
        }
    }
    if (!problem.limits.latency_p95 || solution.placement.empty()) return solution;
    const double limit = to_seconds(*problem.limits.latency_p95).count() * (1 + 1e-9);
    const auto meets = [&](const Placement& placement) {
        return replay_placement(problem, table, placement).p95.count() <= limit;
    };
    if (meets(solution.placement)) return solution;
    const SearchGraph apart = build_search_graph(problem, table, references, Alike::kTellApart);
    wishes.accept = [&](const std::vector<PathStep>& path) { return meets(placement_of(apart, table, path)); };
    if (options.warm_start) wishes.warm_start = per_kind(apart, *options.warm_start);
    wishes.known_path = path_of(apart, table, options.incumbent);
    wishes.certify = false;
    const double without_p95 = solution.search.lower_bound;  // holds with the limit as well
    take(apart, search(apart, problem.caps, wishes));
    if (solution.status == SearchStatus::kStopped) {
        solution.search.lower_bound = std::max(solution.search.lower_bound, without_p95);
    }
    return solution;
}

Solution solve(const PlanningProblem& problem, const ExactPlannerOptions& options) {
    const CostTable table(problem);
    ScoreReferences references;
    if (problem.objective == Objective::kScore) {
        references = options.references ? *options.references : score_references(problem, table);
    }
    if (problem.objective == Objective::kBottleneck) return solve_bottleneck(problem, table, options);
    const SearchGraph graph = build_search_graph(problem, table, references);
    return solve_tables(problem, table, references, graph, options);
}

}  // namespace carbonedge
