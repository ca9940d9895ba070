#include "lib/tradeoff/trade_graph.h"

namespace carbonedge {

TradeGraph build_trade_graph(const PlanningProblem& problem, const CostTable& table) {
    const SearchGraph found = build_search_graph(problem, table, {}, Alike::kTellApart);
    TradeGraph graph;
    graph.nodes = found.kinds;
    graph.cuts = found.cuts;
    graph.latency_cap = found.latency_cap;
    graph.max_stages = found.max_stages;
    graph.node_latency_weight = found.kind_latency_weight;
    graph.leg_time = found.leg_time;
    graph.leg_cost = found.leg_cost;
    graph.work = found.work[SearchGraph::kQuota];
    graph.work_rate = found.work_rate[SearchGraph::kQuota];
    const std::size_t stages = graph.nodes * graph.cuts * graph.cuts;
    graph.stage_time.assign(stages, kNotAllowed);
    graph.stage_cost.assign(stages, kNotAllowed);
    graph.stage_refill.assign(stages, kNotAllowed);
    graph.stage_occupancy.assign(stages, kNotAllowed);
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        for (std::size_t a = 0; a + 1 < graph.cuts; ++a) {
            for (std::size_t b = a + 1; b < graph.cuts; ++b) {
                if (!found.has_stage(v, a, b)) continue;
                const std::size_t from = found.stage_index(v, a, b);
                const double refill = found.refill(from);
                if (refill > found.refill_cap) continue;
                const std::size_t to = graph.stage_index(v, a, b);
                graph.stage_time[to] = found.stage_time[from];
                graph.stage_cost[to] = found.stage_cost[from];
                graph.stage_refill[to] = refill;
                graph.stage_occupancy[to] = std::max(found.stage_time[from], refill);
            }
        }
    }
    return graph;
}

Placement placement_of(const CostTable& table, const TradePath& path) {
    Placement placement;
    for (const TradeStep& step : path) {
        placement.push_back({step.node, {table.positions()[step.from], table.positions()[step.to]}});
    }
    return placement;
}

LeastToGo least_time(const TradeGraph& graph) {
    return least_to_go(
        graph, [&](std::size_t index, std::size_t) { return graph.stage_time[index]; },
        [&](std::size_t index) { return graph.leg_time[index]; },
        [](double left, double right) { return left + right; });
}

LeastToGo least_occupancy(const TradeGraph& graph) {
    return least_to_go(
        graph, [&](std::size_t index, std::size_t) { return graph.stage_occupancy[index]; },
        [&](std::size_t index) { return graph.leg_time[index]; },
        [](double left, double right) { return std::max(left, right); });
}

}  // namespace carbonedge
