#include "lib/planner/completion_bounds.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Runs the backward recursion; `stage_value(index)`, `leg_value(index)` and `join` say what is minimised.
template <class StageValue, class LegValue, class Join>
Completion backward(const SearchGraph& graph, StageValue stage_value, LegValue leg_value, Join join) {
    const std::size_t cuts = graph.cuts;
    Completion result;
    result.start.assign(graph.nodes * cuts, kNotAllowed);
    result.end.assign(graph.nodes * cuts, kNotAllowed);
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        result.end[v * cuts + cuts - 1] = leg_value(graph.leg_index(v, graph.gateway(), cuts - 1));
    }
    for (std::size_t a = cuts - 1; a-- > 0;) {
        for (std::size_t w = 0; w < graph.nodes; ++w) {
            double best = kNotAllowed;
            const std::size_t row = graph.stage_index(w, a, 0);
            const double* end = &result.end[w * cuts];
            for (std::size_t b = a + 1; b < cuts; ++b) best = std::min(best, join(stage_value(row + b, w), end[b]));
            result.start[w * cuts + a] = best;
        }
        if (a == 0) break;
        for (std::size_t v = 0; v < graph.nodes; ++v) {
            double best = kNotAllowed;
            for (std::size_t w = 0; w < graph.nodes; ++w) {
                if (w == v) continue;
                best = std::min(best, join(leg_value(graph.leg_index(v, w, a)), result.start[w * cuts + a]));
            }
            result.end[v * cuts + a] = best;
        }
    }
    for (std::size_t w = 0; w < graph.nodes; ++w) {
        result.root =
            std::min(result.root, join(leg_value(graph.leg_index(graph.gateway(), w, 0)), result.start[w * cuts]));
    }
    return result;
}

double stage_sum(const SearchGraph& graph, const CompletionWeights& weights, std::size_t index, std::size_t node) {
    return weights.cost_factor * graph.stage_cost[index] + weights.time_factor * graph.stage_time[index] +
           weights.node_extra[node];
}

double leg_sum(const SearchGraph& graph, const CompletionWeights& weights, std::size_t index) {
    return weights.cost_factor * graph.leg_cost[index] + weights.time_factor * graph.leg_time[index];
}

std::vector<double> visits(const SearchGraph& graph, const std::vector<PathStep>& path) {
    std::vector<double> count(graph.nodes, 0);
    for (const PathStep& step : path) count[step.node] += 1;
    return count;
}

double path_time(const SearchGraph& graph, const std::vector<PathStep>& path) {
    double sum = 0;
    std::size_t from = graph.gateway();
    for (const PathStep& step : path) {
        sum += graph.leg_time[graph.leg_index(from, step.node, step.from)] +
               graph.stage_time[graph.stage_index(step.node, step.from, step.to)];
        from = step.node;
    }
    return sum + graph.leg_time[graph.leg_index(from, graph.gateway(), graph.cuts - 1)];
}

}  // namespace

Completion least_sum(const SearchGraph& graph, const CompletionWeights& weights) {
    const double* cost = graph.stage_cost.data();
    const double* time = graph.stage_time.data();
    const double cost_factor = weights.cost_factor;
    const double time_factor = weights.time_factor;
    const double* extra = weights.node_extra.data();
    return backward(
        graph,
        [=](std::size_t index, std::size_t node) {
            return cost_factor * cost[index] + time_factor * time[index] + extra[node];
        },
        [&](std::size_t index) { return leg_sum(graph, weights, index); },
        [](double left, double right) { return left + right; });
}

Completion least_maximum(const SearchGraph& graph) {
    return backward(
        graph, [&](std::size_t index, std::size_t) { return graph.stage_occupancy[index]; },
        [&](std::size_t index) { return graph.leg_time[index]; },
        [](double left, double right) { return std::max(left, right); });
}

std::vector<PathStep> relaxed_path(const SearchGraph& graph, const CompletionWeights& weights,
                                   const Completion& completion) {
    std::vector<PathStep> path;
    if (completion.root >= kNotAllowed) return path;
    const std::size_t cuts = graph.cuts;
    std::size_t from = graph.gateway();
    std::size_t a = 0;
    while (a + 1 < cuts) {
        std::size_t node = graph.nodes;
        double best = kNotAllowed;
        for (std::size_t w = 0; w < graph.nodes; ++w) {
            if (w == from) continue;
            const double value = leg_sum(graph, weights, graph.leg_index(from, w, a)) + completion.start[w * cuts + a];
            if (value < best) {
                best = value;
                node = w;
            }
        }
        std::size_t to = cuts;
        best = kNotAllowed;
        for (std::size_t b = a + 1; b < cuts; ++b) {
            const double value =
                stage_sum(graph, weights, graph.stage_index(node, a, b), node) + completion.end[node * cuts + b];
            if (value < best) {
                best = value;
                to = b;
            }
        }
        if (to == cuts) return {};
        path.push_back({node, a, to});
        from = node;
        a = to;
    }
    return path;
}

PathValue evaluate_path(const SearchGraph& graph, const std::vector<PathStep>& path) {
    PathValue result;
    if (path.empty() || path.size() > graph.max_stages) return result;
    double cost = 0;
    double occupancy = 0;
    double latency_weight = graph.latency_weight;
    std::size_t from = graph.gateway();
    std::vector<double> used(graph.nodes, 0);
    for (const PathStep& step : path) {
        const std::size_t leg = graph.leg_index(from, step.node, step.from);
        const std::size_t stage = graph.stage_index(step.node, step.from, step.to);
        if ((used[step.node] += 1) > 1) return result;
        result.sum += graph.leg_time[leg] + graph.stage_time[stage];
        result.slow = std::max(result.slow, graph.stage_refill[stage]);
        cost += graph.leg_cost[leg] + graph.stage_cost[stage];
        occupancy = std::max({occupancy, graph.leg_time[leg], graph.stage_occupancy[stage]});
        latency_weight += graph.node_latency_weight[step.node];
        from = step.node;
    }
    const std::size_t last = graph.leg_index(from, graph.gateway(), path.back().to);
    result.sum += graph.leg_time[last];
    cost += graph.leg_cost[last];
    occupancy = std::max(occupancy, graph.leg_time[last]);
    result.feasible = result.sum < kNotAllowed && result.sum <= graph.latency_cap;
    result.value = graph.minimax ? occupancy : cost + latency_weight * std::max(result.sum, result.slow);
    return result;
}

LagrangianBound lagrangian_bound(const SearchGraph& graph, double upper, double least_latency, std::size_t rounds) {
    // Prices are kept in units of the objective: latency price * scale, so that both kinds of step are alike in size.
    const bool capped = graph.latency_cap < kNotAllowed;
    const double scale = capped ? graph.latency_cap : 1.0;
    double price = 0;
    std::vector<double> node_price(graph.nodes, 0);
    std::vector<double> direction(graph.nodes, 0);
    double price_direction = 0;

    LagrangianBound best;
    best.value = -kNotAllowed;
    best.best_value = upper;
    double step_factor = 1.0;
    std::size_t stalled = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
        CompletionWeights weights{1.0, graph.latency_weight + price / scale, node_price};
        double sum_of_prices = 0;
        for (std::size_t v = 0; v < graph.nodes; ++v) {
            sum_of_prices += node_price[v];
            weights.node_extra[v] += graph.node_latency_weight[v] * least_latency;
        }
        Completion completion = least_sum(graph, weights);
        if (completion.root >= kNotAllowed) {
            best.value = kNotAllowed;
            best.completion = std::move(completion);
            best.node_price = node_price;
            best.node_extra = weights.node_extra;
            best.lambda = weights.time_factor;
            return best;
        }
        const double value = completion.root - price - sum_of_prices;
        const std::vector<PathStep> path = relaxed_path(graph, weights, completion);
        const PathValue found = evaluate_path(graph, path);
        if (found.feasible && found.value < best.best_value) {
            best.best_value = found.value;
            best.best_path = path;
        }
        if (value > best.value + std::abs(best.value) * 1e-9) {
            stalled = 0;
        } else if (++stalled % 8 == 0) {
            step_factor *= 0.5;
        }
        if (value > best.value) {
            best.value = value;
            best.lambda = weights.time_factor;
            best.node_price = node_price;
            best.node_extra = weights.node_extra;
            best.offset_cap = price;
            best.offset_nodes = sum_of_prices;
            best.completion = std::move(completion);
        }
        best.rounds = round + 1;
        const double known = best.best_value < kNotAllowed ? best.best_value : value + 0.05 * std::abs(value);
        const double gap = known - value;
        if (best.best_value - best.value <= std::abs(best.best_value) * 1e-10 || step_factor < 1e-3) break;

        const std::vector<double> count = visits(graph, path);
        double norm = 0;
        price_direction = capped ? 0.5 * price_direction + (path_time(graph, path) - graph.latency_cap) / scale : 0.0;
        norm += price_direction * price_direction;
        for (std::size_t v = 0; v < graph.nodes; ++v) {
            direction[v] = 0.5 * direction[v] + count[v] - 1;
            if (node_price[v] == 0 && direction[v] < 0) direction[v] = 0;
            norm += direction[v] * direction[v];
        }
        if (norm <= 0) break;
        const double step = step_factor * std::max(gap, 0.0) / norm;
        price = capped ? std::max(0.0, price + step * price_direction) : 0.0;
        for (std::size_t v = 0; v < graph.nodes; ++v)
            node_price[v] = std::max(0.0, node_price[v] + step * direction[v]);
    }
    return best;
}

}  // namespace carbonedge
