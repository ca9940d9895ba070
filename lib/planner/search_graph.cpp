#include "lib/planner/search_graph.h"

#include "lib/base/errors.h"

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

/// Per node, how many of the first l layers it may not run.
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

bool within_limits(const PlanningProblem& problem, const CostTable& table, std::size_t node, const StageCost& cost) {
    const double refill = table.refill(node, cost);
    if (refill > cap_of_refill(problem.limits) * (1 + kSlack)) return false;
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
        graph.work_rate[measure].assign(graph.nodes * graph.cuts, 0);
        std::vector<double> rate(graph.nodes, 0);
        double total = 0;
        for (std::size_t a = graph.cuts - 1; a-- > 0;) {
            for (std::size_t l = positions[a]; l < positions[a + 1]; ++l) {
                const double share = own(l);
                if (share <= kLeastShare * all) continue;
                total += share;
                for (std::size_t v = 0; v < graph.nodes; ++v) {
                    const double here = row_seconds(table, measure, v, l);
                    rate[v] = std::max(rate[v], here > 0 ? share / here : std::numeric_limits<double>::infinity());
                }
            }
            graph.work[measure][a] = total;
            for (std::size_t v = 0; v < graph.nodes; ++v) graph.work_rate[measure][v * graph.cuts + a] = rate[v];
        }
    }
}

}  // namespace

bool stage_allowed(const PlanningProblem& problem, const CostTable& table, std::size_t node, LayerRange range) {
    const std::vector<std::vector<int>> banned = banned_layers(problem);
    return banned[node][range.end] == banned[node][range.first] &&
           within_limits(problem, table, node, table.stage(node, range));
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

SearchGraph build_search_graph(const PlanningProblem& problem, const CostTable& table,
                               const ScoreReferences& references) {
    const Objective objective = problem.objective;
    if (objective == Objective::kNone) throw UsageError("an exact plan needs something to minimise");
    if (objective == Objective::kScore && (references.carbon_grams <= 0 || references.latency_seconds <= 0)) {
        throw UsageError(
            "--minimize score: the best single node emits or takes nothing, so there is nothing to weigh by");
    }
    const std::vector<std::size_t>& positions = table.positions();
    const double weight = problem.carbon_weight;
    SearchGraph graph;
    graph.nodes = table.nodes();
    graph.cuts = positions.size();
    graph.minimax = objective == Objective::kBottleneck;
    graph.latency_cap = cap_of_sum(problem.limits);
    if (graph.latency_cap < kNotAllowed) graph.latency_cap *= 1 + kSlack;
    graph.max_stages = std::min(graph.nodes, problem.limits.max_nodes.value_or(graph.nodes));
    if (objective == Objective::kLatency) graph.latency_weight = 1;
    if (objective == Objective::kScore) graph.latency_weight = (1 - weight) / references.latency_seconds;
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        double per_second = 0;
        if (objective == Objective::kCarbon) per_second = table.full_idle_grams_per_second(v);
        if (objective == Objective::kEnergy) per_second = table.full_idle_watts(v);
        if (objective == Objective::kScore) {
            per_second = weight * table.full_idle_grams_per_second(v) / references.carbon_grams;
        }
        graph.node_latency_weight.push_back(per_second);
    }

    const std::vector<std::vector<int>> banned = banned_layers(problem);
    const std::size_t stages = graph.nodes * graph.cuts * graph.cuts;
    graph.stage_time.assign(stages, kNotAllowed);
    graph.stage_cost.assign(stages, kNotAllowed);
    graph.stage_refill.assign(stages, kNotAllowed);
    graph.stage_occupancy.assign(stages, kNotAllowed);
    const bool fixed_cuts = problem.given_cuts.has_value();
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        for (std::size_t a = 0; a + 1 < graph.cuts; ++a) {
            const std::size_t last = fixed_cuts ? a + 2 : graph.cuts;
            for (std::size_t b = a + 1; b < last; ++b) {
                if (banned[v][positions[b]] > banned[v][positions[a]]) break;
                const StageCost cost = table.stage(v, {positions[a], positions[b]});
                if (!within_limits(problem, table, v, cost)) continue;
                const std::size_t index = graph.stage_index(v, a, b);
                graph.stage_time[index] = cost.busy;
                graph.stage_refill[index] = table.refill(v, cost);
                graph.stage_occupancy[index] = table.occupancy(v, cost);
                graph.stage_cost[index] =
                    cost_in_objective(objective, table.stage_parts(v, cost, 0), weight, references);
            }
        }
    }

    const std::size_t legs = (graph.nodes + 1) * (graph.nodes + 1) * graph.cuts;
    graph.leg_time.assign(legs, kNotAllowed);
    graph.leg_cost.assign(legs, kNotAllowed);
    const double slowest = cap_of_occupancy(problem.limits) * (1 + kSlack);
    for (std::size_t u = 0; u <= graph.nodes; ++u) {
        for (std::size_t w = 0; w <= graph.nodes; ++w) {
            if (u == w) continue;
            for (std::size_t a = 0; a < graph.cuts; ++a) {
                if ((u == graph.gateway()) != (a == 0) || (w == graph.gateway()) != (a + 1 == graph.cuts)) continue;
                const double time = table.leg_time(u, w, positions[a]);
                if (time > slowest) continue;
                const std::size_t index = graph.leg_index(u, w, a);
                graph.leg_time[index] = time;
                graph.leg_cost[index] =
                    cost_in_objective(objective, table.leg_parts(u, w, positions[a]), weight, references);
            }
        }
    }
    fill_work(graph, table);
    return graph;
}

}  // namespace carbonedge
