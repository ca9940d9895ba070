#pragma once

#include "lib/planner/cost_table.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/planner/search_graph.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace carbonedge {

/// Everything a front is searched in: every stage and leg that a problem's limits allow, with its time, cost (grams or
/// joules), refill and occupancy at once. A pipeline is a path gateway -> (node, cut) -> ... -> gateway that covers the
/// cuts 0 to cuts - 1 and visits each node at most once.
struct TradeGraph {
    std::size_t nodes = 0;
    std::size_t cuts = 0;
    double latency_cap = kNotAllowed;  ///< of A; stages with a refill above it are not in the graph
    std::size_t max_stages = 0;
    std::vector<double> node_latency_weight;  ///< cost a second that using a node adds: idle policy "full"

    // Stage on node v from cut a to cut b > a, at stage_index(v, a, b); kNotAllowed where a limit forbids it.
    std::vector<double> stage_time;
    std::vector<double> stage_cost;
    std::vector<double> stage_refill;
    std::vector<double> stage_occupancy;
    // Leg from end u to end w (nodes, then the gateway) at cut a, at leg_index(u, w, a).
    std::vector<double> leg_time;
    std::vector<double> leg_cost;
    // Work of the rows from cut a on, and how much of it a node's quota lets it do in a second, at (node, a).
    std::vector<double> work;
    std::vector<double> work_rate;

    [[nodiscard]] std::size_t gateway() const { return nodes; }
    [[nodiscard]] std::size_t stage_index(std::size_t v, std::size_t a, std::size_t b) const {
        return (v * cuts + a) * cuts + b;
    }
    [[nodiscard]] std::size_t leg_index(std::size_t u, std::size_t w, std::size_t a) const {
        return (u * (nodes + 1) + w) * cuts + a;
    }
};

/// The objective must be kCarbon or kEnergy: it is the cost.
TradeGraph build_trade_graph(const PlanningProblem& problem, const CostTable& table);

/// One stage of a path through a TradeGraph.
struct TradeStep {
    std::size_t node = 0;
    std::size_t from = 0;  ///< cuts
    std::size_t to = 0;

    bool operator==(const TradeStep&) const = default;
};
using TradePath = std::vector<TradeStep>;

Placement placement_of(const CostTable& table, const TradePath& path);

/// Least value of completing a pipeline when a node may be used again, by cut and node: node * cuts + cut. kNotAllowed
/// or more: cannot be completed.
struct LeastToGo {
    std::vector<double> start;  ///< from the beginning of a stage on the node at the cut
    std::vector<double> end;    ///< from the end of a stage there, outgoing leg included
    double root = kNotAllowed;  ///< whole pipelines
};

/// The backward recursion that all bounds share: `stage_value(index, node)` and `leg_value(index)` are what `join` adds
/// up (or takes the larger of). O(nodes * cuts^2 + nodes^2 * cuts).
template <class StageValue, class LegValue, class Join>
LeastToGo least_to_go(const TradeGraph& graph, StageValue stage_value, LegValue leg_value, Join join) {
    const std::size_t cuts = graph.cuts;
    LeastToGo least;
    least.start.assign(graph.nodes * cuts, kNotAllowed);
    least.end.assign(graph.nodes * cuts, kNotAllowed);
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        least.end[v * cuts + cuts - 1] = leg_value(graph.leg_index(v, graph.gateway(), cuts - 1));
    }
    for (std::size_t a = cuts - 1; a-- > 0;) {
        for (std::size_t w = 0; w < graph.nodes; ++w) {
            const std::size_t row = graph.stage_index(w, a, 0);
            const double* end = &least.end[w * cuts];
            double best = kNotAllowed;
            for (std::size_t b = a + 1; b < cuts; ++b) best = std::min(best, join(stage_value(row + b, w), end[b]));
            least.start[w * cuts + a] = best;
        }
        if (a == 0) break;
        for (std::size_t v = 0; v < graph.nodes; ++v) {
            double best = kNotAllowed;
            for (std::size_t w = 0; w < graph.nodes; ++w) {
                if (w == v) continue;
                best = std::min(best, join(leg_value(graph.leg_index(v, w, a)), least.start[w * cuts + a]));
            }
            least.end[v * cuts + a] = best;
        }
    }
    for (std::size_t w = 0; w < graph.nodes; ++w) {
        least.root =
            std::min(least.root, join(leg_value(graph.leg_index(graph.gateway(), w, 0)), least.start[w * cuts]));
    }
    return least;
}

LeastToGo least_time(const TradeGraph& graph);
LeastToGo least_occupancy(const TradeGraph& graph);

}  // namespace carbonedge
