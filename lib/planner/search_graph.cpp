#include "lib/planner/search_graph.h"

#include "lib/base/errors.h"
#include "lib/planner/node_kinds.h"

#include <algorithm>
#include <limits>

namespace carbonedge {
namespace {

/// A limit counts as met up to this relative slack, so that a plan is not lost to the last bit of a sum.
constexpr double kSlack = 1e-12;

/// The smallest of the limits that both the sum A and every refill must keep. A p95 limit bounds A too: no request is
/// faster than A.
double cap_of_sum(const Limits& limits) {
    double cap = kNotAllowed;
    if (limits.latency_mean) cap = std::min(cap, to_seconds(*limits.latency_mean).count());
    if (limits.latency_p95) cap = std::min(cap, to_seconds(*limits.latency_p95).count());
    return cap;
}

double cap_of_refill(const Limits& limits) {
    return limits.latency_mean ? to_seconds(*limits.latency_mean).count() : kNotAllowed;
}

double cap_of_occupancy(const Limits& limits) {
    return limits.throughput_per_second ? 1.0 / *limits.throughput_per_second : kNotAllowed;
}

}  // namespace

std::vector<std::vector<int>> banned_layers(const PlanningProblem& problem) {
    const std::vector<LayerProfile>& layers = problem.profiles.front().layers;
    const std::vector<Node>& nodes = problem.cluster.nodes;
    std::vector<std::vector<int>> counts(nodes.size(), std::vector<int>(layers.size() + 1, 0));
    for (std::size_t v = 0; v < nodes.size(); ++v) {
        for (std::size_t l = 0; l < layers.size(); ++l) {
            bool banned = false;
            for (const auto& [layer, node] : problem.limits.pinned) {
                banned = banned || (layer == layers[l].name && node != nodes[v].name);
            }
            for (const auto& [layer, node] : problem.limits.forbidden) {
                banned = banned || ((layer == "*" || layer == layers[l].name) && node == nodes[v].name);
            }
            counts[v][l + 1] = counts[v][l] + (banned ? 1 : 0);
        }
    }
    return counts;
}

namespace {

bool within_limits(const PlanningProblem& problem, const CostTable& table, std::size_t node, const StageCost& cost) {
    if (table.occupancy(node, cost) > cap_of_occupancy(problem.limits) * (1 + kSlack)) return false;
    return !problem.hold_memory ||
           cost.memory_bytes <= static_cast<double>(problem.cluster.nodes[node].memory.value()) * (1 + kSlack);
}

double cost_in_objective(Objective objective, const CarbonParts& parts, double carbon_weight,
                         const ScoreReferences& references) {
    switch (objective) {
        case Objective::kCarbon:
            return parts.grams().value();
        case Objective::kEnergy:
            return parts.joules().value();
        case Objective::kScore:
            return carbon_weight * parts.grams().value() / references.carbon_grams;
        case Objective::kLatency:
        case Objective::kBottleneck:
        case Objective::kNone:
            return 0;
    }
    return 0;
}

/// Seconds that a row keeps a node at least, by a measure of work.
double row_seconds(const CostTable& table, std::size_t measure, std::size_t node, std::size_t layer) {
    if (measure == SearchGraph::kWall) return table.row_wall(node, layer);
    if (table.throttled(node)) return table.row_cpu(node, layer) / table.rate(node);
    return measure == SearchGraph::kQuota ? 0.0 : table.row_wall(node, layer);
}

void fill_work(SearchGraph& graph, const CostTable& table) {
    const std::vector<std::size_t>& positions = table.positions();
    // Any shares of the work per row are sound. Node 0's own times make the bound tight where nodes share a profile,
    // and tiny rows, whose ratios of CPU to wall time scatter, are left out.
    constexpr double kLeastShare = 1e-3;
    for (std::size_t measure = 0; measure < SearchGraph::kMeasures; ++measure) {
        const auto own = [&](std::size_t layer) {
            return measure == SearchGraph::kWall ? table.row_wall(0, layer) : table.row_cpu(0, layer);
        };
        double all = 0;
        for (std::size_t l = 0; l < table.layers(); ++l) all += own(l);
        graph.work[measure].assign(graph.cuts, 0);
        graph.work_rate[measure].assign(graph.kinds * graph.cuts, 0);
        std::vector<double> rate(graph.kinds, 0);
        double total = 0;
        for (std::size_t a = graph.cuts - 1; a-- > 0;) {
            for (std::size_t l = positions[a]; l < positions[a + 1]; ++l) {
                const double share = own(l);
                if (share <= kLeastShare * all) continue;
                total += share;
                for (std::size_t k = 0; k < graph.kinds; ++k) {
                    const double here = row_seconds(table, measure, graph.members[k].front(), l);
                    rate[k] = std::max(rate[k], here > 0 ? share / here : std::numeric_limits<double>::infinity());
                }
            }
            graph.work[measure][a] = total;
            for (std::size_t k = 0; k < graph.kinds; ++k) graph.work_rate[measure][k * graph.cuts + a] = rate[k];
        }
    }
}

/// What may run where, how long it takes and how much it keeps a node.
void fill_stages(SearchGraph& graph, const PlanningProblem& problem, const CostTable& table,
                 const std::vector<std::vector<int>>& banned) {
    const std::vector<std::size_t>& positions = table.positions();
    bool throttled = false;
    for (std::size_t v = 0; v < table.nodes(); ++v) throttled = throttled || table.throttled(v);
    graph.row.assign(1, 0);
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        const std::size_t v = graph.members[k].front();
        for (std::size_t a = 0; a < graph.cuts; ++a) {
            const std::size_t begin = graph.stage_time.size();
            const std::size_t last = problem.given_cuts ? std::min(a + 2, graph.cuts) : graph.cuts;
            std::size_t end = begin;  // of the last that is allowed
            for (std::size_t b = a + 1; b < last; ++b) {
                if (banned[v][positions[b]] > banned[v][positions[a]]) break;
                const StageCost cost = table.stage(v, {positions[a], positions[b]});
                const bool allowed = within_limits(problem, table, v, cost);
                graph.stage_time.push_back(allowed ? cost.busy : kNotAllowed);
                if (throttled) graph.stage_refill.push_back(allowed ? table.refill(v, cost) : kNotAllowed);
                if (graph.minimax) {
                    graph.stage_occupancy.push_back(allowed ? table.occupancy(v, cost) : kNotAllowed);
                }
                if (allowed) end = graph.stage_time.size();
            }
            graph.stage_time.resize(end);
            if (throttled) graph.stage_refill.resize(end);
            if (graph.minimax) graph.stage_occupancy.resize(end);
            graph.row.push_back(end);
        }
    }
}

bool leg_exists(const SearchGraph& graph, std::size_t u, std::size_t w, std::size_t a) {
    if (u == w && (u == graph.gateway() || !graph.may_follow(u, w))) return false;
    return (u == graph.gateway()) == (a == 0) && (w == graph.gateway()) == (a + 1 == graph.cuts);
}

/// The nodes that stand for two kinds next to each other.
std::pair<std::size_t, std::size_t> ends_of(const SearchGraph& graph, const CostTable& table, std::size_t u,
                                            std::size_t w) {
    const std::size_t from = u == graph.gateway() ? table.gateway() : graph.members[u].front();
    const std::size_t to = w == graph.gateway() ? table.gateway() : graph.members[w][u == w ? 1 : 0];
    return {from, to};
}

void fill_legs(SearchGraph& graph, const PlanningProblem& problem, const CostTable& table) {
    const double slowest = cap_of_occupancy(problem.limits) * (1 + kSlack);
    graph.leg_time.assign((graph.kinds + 1) * (graph.kinds + 1) * graph.cuts, kNotAllowed);
    for (std::size_t u = 0; u <= graph.kinds; ++u) {
        for (std::size_t w = 0; w <= graph.kinds; ++w) {
            for (std::size_t a = 0; a < graph.cuts; ++a) {
                if (!leg_exists(graph, u, w, a)) continue;
                const auto [from, to] = ends_of(graph, table, u, w);
                const double time = table.leg_time(from, to, table.positions()[a]);
                if (time <= slowest) graph.leg_time[graph.leg_index(u, w, a)] = time;
            }
        }
    }
}

}  // namespace

bool stage_allowed(const PlanningProblem& problem, const CostTable& table, std::size_t node, LayerRange range) {
    const std::vector<std::vector<int>> banned = banned_layers(problem);
    return banned[node][range.end] == banned[node][range.first] &&
           within_limits(problem, table, node, table.stage(node, range)) &&
           table.refill(node, table.stage(node, range)) <= cap_of_refill(problem.limits) * (1 + kSlack);
}

ScoreReferences score_references(const PlanningProblem& problem, const CostTable& table) {
    const LayerRange whole{0, table.layers()};
    const std::vector<std::vector<int>> banned = banned_layers(problem);
    ScoreReferences references;
    for (const bool holding : {true, false}) {
        bool any = false;
        for (std::size_t v = 0; v < table.nodes(); ++v) {
            const StageCost cost = table.stage(v, whole);
            const bool holds = cost.memory_bytes <= static_cast<double>(problem.cluster.nodes[v].memory.value());
            if (holding && (!holds || banned[v].back() > 0)) continue;
            const double latency = std::max(
                cost.busy + table.leg_time(table.gateway(), v, 0) + table.leg_time(v, table.gateway(), whole.end),
                table.refill(v, cost));
            CarbonParts parts = table.stage_parts(v, cost, latency);
            const double grams = parts.grams().value() + table.leg_parts(table.gateway(), v, 0).grams().value() +
                                 table.leg_parts(v, table.gateway(), whole.end).grams().value();
            references.carbon_grams = any ? std::min(references.carbon_grams, grams) : grams;
            references.latency_seconds = any ? std::min(references.latency_seconds, latency) : latency;
            any = true;
        }
        if (any) break;
    }
    return references;
}

PathValue evaluate_path(const SearchGraph& graph, const std::vector<PathStep>& path) {
    PathValue result;
    if (path.empty() || path.size() > graph.max_stages) return result;
    double cost = 0;
    double occupancy = 0;
    double latency_weight = graph.latency_weight;
    std::size_t from = graph.gateway();
    std::vector<std::size_t> used(graph.kinds, 0);
    for (const PathStep& step : path) {
        if (!graph.has_stage(step.kind, step.from, step.to)) return result;
        const std::size_t leg = graph.leg_index(from, step.kind, step.from);
        const std::size_t stage = graph.stage_index(step.kind, step.from, step.to);
        if ((used[step.kind] += 1) > graph.members[step.kind].size()) return result;
        result.sum += graph.leg_time[leg] + graph.stage_time[stage];
        result.slow = std::max(result.slow, graph.refill(stage));
        cost += graph.leg_cost[leg] + graph.stage_cost[stage];
        if (graph.minimax) occupancy = std::max({occupancy, graph.leg_time[leg], graph.stage_occupancy[stage]});
        latency_weight += graph.kind_latency_weight[step.kind];
        from = step.kind;
    }
    const std::size_t last = graph.leg_index(from, graph.gateway(), path.back().to);
    result.sum += graph.leg_time[last];
    cost += graph.leg_cost[last];
    occupancy = std::max(occupancy, graph.leg_time[last]);
    result.feasible = result.sum < kNotAllowed && result.sum <= graph.latency_cap && result.slow <= graph.refill_cap;
    result.value = graph.minimax ? occupancy : cost + latency_weight * std::max(result.sum, result.slow);
    return result;
}

std::vector<std::vector<std::size_t>> graph_members(const PlanningProblem& problem, const CostTable& table,
                                                    Alike alike) {
    if (alike == Alike::kMerge) return node_kinds(problem, table, banned_layers(problem));
    std::vector<std::vector<std::size_t>> members;
    for (std::size_t v = 0; v < table.nodes(); ++v) members.push_back({v});
    return members;
}

SearchGraph build_search_graph(const PlanningProblem& problem, const CostTable& table,
                               const ScoreReferences& references, Alike alike) {
    if (problem.objective == Objective::kNone) throw UsageError("an exact plan needs something to minimise");
    const std::vector<std::vector<int>> banned = banned_layers(problem);
    SearchGraph graph;
    graph.members = graph_members(problem, table, alike);
    graph.kinds = graph.members.size();
    graph.cuts = table.positions().size();
    graph.minimax = problem.objective == Objective::kBottleneck;
    graph.max_stages = std::min(table.nodes(), problem.limits.max_nodes.value_or(table.nodes()));
    set_latency_limits(graph, problem.limits);
    fill_stages(graph, problem, table, banned);
    fill_legs(graph, problem, table);
    fill_work(graph, table);
    set_costs(graph, problem, table, references);
    return graph;
}

void set_latency_limits(SearchGraph& graph, const Limits& limits) {
    const auto with_slack = [](double cap) { return cap < kNotAllowed ? cap * (1 + kSlack) : cap; };
    graph.latency_cap = with_slack(cap_of_sum(limits));
    graph.refill_cap = with_slack(cap_of_refill(limits));
}

void set_costs(SearchGraph& graph, const PlanningProblem& problem, const CostTable& table,
               const ScoreReferences& references) {
    const Objective objective = problem.objective;
    if (objective == Objective::kScore && (references.carbon_grams <= 0 || references.latency_seconds <= 0)) {
        throw UsageError(
            "--minimize score: the best single node emits or takes nothing, so there is nothing to weigh by");
    }
    const double weight = problem.carbon_weight;
    graph.latency_weight = 0;
    if (objective == Objective::kLatency) graph.latency_weight = 1;
    if (objective == Objective::kScore) graph.latency_weight = (1 - weight) / references.latency_seconds;
    graph.kind_latency_weight.clear();
    for (const std::vector<std::size_t>& kind : graph.members) {
        double per_second = 0;
        if (objective == Objective::kCarbon) per_second = table.full_idle_grams_per_second(kind.front());
        if (objective == Objective::kEnergy) per_second = table.full_idle_watts(kind.front());
        if (objective == Objective::kScore) {
            per_second = weight * table.full_idle_grams_per_second(kind.front()) / references.carbon_grams;
        }
        graph.kind_latency_weight.push_back(per_second);
    }

    const std::vector<std::size_t>& positions = table.positions();
    const bool costs = objective != Objective::kLatency && objective != Objective::kBottleneck;
    graph.stage_cost.assign(graph.stage_time.size(), 0.0);
    for (std::size_t k = 0; k < graph.kinds && costs; ++k) {
        const std::size_t v = graph.members[k].front();
        for (std::size_t a = 0; a < graph.cuts; ++a) {
            for (std::size_t i = graph.row[k * graph.cuts + a]; i < graph.row[k * graph.cuts + a + 1]; ++i) {
                if (graph.stage_time[i] >= kNotAllowed) continue;
                const std::size_t b = a + 1 + (i - graph.row[k * graph.cuts + a]);
                const CarbonParts parts = table.stage_parts(v, table.stage(v, {positions[a], positions[b]}), 0);
                graph.stage_cost[i] = cost_in_objective(objective, parts, weight, references);
            }
        }
    }
    graph.leg_cost.assign(graph.leg_time.size(), 0.0);
    for (std::size_t u = 0; u <= graph.kinds && costs; ++u) {
        for (std::size_t w = 0; w <= graph.kinds; ++w) {
            for (std::size_t a = 0; a < graph.cuts; ++a) {
                if (graph.leg_time[graph.leg_index(u, w, a)] >= kNotAllowed) continue;
                const auto [from, to] = ends_of(graph, table, u, w);
                graph.leg_cost[graph.leg_index(u, w, a)] =
                    cost_in_objective(objective, table.leg_parts(from, to, positions[a]), weight, references);
            }
        }
    }
}

}  // namespace carbonedge
