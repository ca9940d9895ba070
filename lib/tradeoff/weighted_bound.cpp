#include "lib/tradeoff/weighted_bound.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Weights of one stage or leg under a bound's prices.
struct Weights {
    const TradeGraph& graph;
    const WeightedBound& bound;

    [[nodiscard]] double stage(std::size_t index, std::size_t node) const {
        return graph.stage_cost[index] + bound.sum_price * graph.stage_time[index] +
               bound.refill_price[node] * graph.stage_refill[index] + bound.node_extra[node];
    }
    [[nodiscard]] double leg(std::size_t index) const {
        return graph.leg_cost[index] + bound.sum_price * graph.leg_time[index];
    }
};

bool allowed(double value) { return value < kNotAllowed; }

}  // namespace

WeightedBound weighted_bound(const TradeGraph& graph, double latency_price, double least_latency,
                             const BoundPrices& prices) {
    WeightedBound bound;
    bound.latency_price = latency_price;
    bound.prices = prices;
    double shares = 0;
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        shares += prices.refill_share[v];
        bound.refill_price.push_back(latency_price * prices.refill_share[v]);
        bound.node_extra.push_back(prices.node[v] + graph.node_latency_weight[v] * least_latency);
        bound.offset += prices.node[v];
    }
    bound.sum_price = latency_price * std::max(0.0, 1 - shares);
    const double* cost = graph.stage_cost.data();
    const double* time = graph.stage_time.data();
    const double* refill = graph.stage_refill.data();
    const double* refill_price = bound.refill_price.data();
    const double* extra = bound.node_extra.data();
    const double of_time = bound.sum_price;
    LeastToGo least = least_to_go(
        graph,
        [=](std::size_t index, std::size_t node) {
            return cost[index] + of_time * time[index] + refill_price[node] * refill[index] + extra[node];
        },
        [&](std::size_t index) { return graph.leg_cost[index] + of_time * graph.leg_time[index]; },
        [](double left, double right) { return left + right; });
    bound.start = std::move(least.start);
    bound.end = std::move(least.end);
    const double root = least.root;
    bound.value = allowed(root) ? root - bound.offset : kNotAllowed;
    return bound;
}

TradePath path_of_bound(const TradeGraph& graph, const WeightedBound& bound) {
    TradePath path;
    if (!allowed(bound.value)) return path;
    const Weights weights{graph, bound};
    const std::size_t cuts = graph.cuts;
    std::size_t from = graph.gateway();
    for (std::size_t a = 0; a + 1 < cuts;) {
        TradeStep step{graph.nodes, a, cuts};
        double best = kNotAllowed;
        for (std::size_t w = 0; w < graph.nodes; ++w) {
            if (w == from) continue;
            const double value = weights.leg(graph.leg_index(from, w, a)) + bound.start[w * cuts + a];
            if (value < best) {
                best = value;
                step.node = w;
            }
        }
        if (!allowed(best)) return {};
        best = kNotAllowed;
        for (std::size_t b = a + 1; b < cuts; ++b) {
            const double value =
                weights.stage(graph.stage_index(step.node, a, b), step.node) + bound.end[step.node * cuts + b];
            if (value < best) {
                best = value;
                step.to = b;
            }
        }
        if (!allowed(best)) return {};
        path.push_back(step);
        from = step.node;
        a = step.to;
    }
    return path;
}

void BoundRaiser::begin(double latency_price, const BoundPrices& start, double upper) {
    latency_price_ = latency_price;
    upper_ = upper;
    prices_ = start;
    direction_.node.assign(graph_.nodes, 0);
    direction_.refill_share.assign(graph_.nodes, 0);
    best_ = {};
    best_.value = -kNotAllowed;
    factor_ = 1;
    scale_ = 0;
    round_ = 0;
    stalled_ = 0;
    done_ = false;
}

bool BoundRaiser::step() {
    if (done_ || round_++ >= rounds_) return false;
    WeightedBound bound = weighted_bound(graph_, latency_price_, least_latency_, prices_);
    if (!allowed(bound.value)) {
        best_ = std::move(bound);
        done_ = true;
        path_is_simple_ = false;
        return true;
    }
    path_ = path_of_bound(graph_, bound);
    std::vector<int> visits(graph_.nodes, 0);
    path_is_simple_ = !path_.empty() && path_.size() <= graph_.max_stages;
    for (const TradeStep& step : path_) path_is_simple_ = path_is_simple_ && ++visits[step.node] == 1;
    if (bound.value > best_.value + std::abs(best_.value) * 1e-9) {
        stalled_ = 0;
    } else if (++stalled_ % 6 == 0) {
        factor_ *= 0.5;
    }
    if (bound.value > best_.value) best_ = bound;
    move(bound);
    return true;
}

void BoundRaiser::move(const WeightedBound& bound) {
    const double known = upper_ < kNotAllowed ? upper_ : bound.value + 0.05 * std::abs(bound.value);
    const double gap = known - bound.value;
    if (upper_ - best_.value <= std::abs(upper_) * 1e-11 || factor_ < 1e-3) {
        done_ = true;
        return;
    }
    if (scale_ == 0) scale_ = std::max(std::abs(bound.value), 1e-300);
    std::vector<double> count(graph_.nodes, 0);
    std::vector<double> refill(graph_.nodes, 0);
    double sum = 0;
    std::size_t from = graph_.gateway();
    for (const TradeStep& step : path_) {
        const std::size_t stage = graph_.stage_index(step.node, step.from, step.to);
        count[step.node] += 1;
        refill[step.node] += graph_.stage_refill[stage];
        sum += graph_.leg_time[graph_.leg_index(from, step.node, step.from)] + graph_.stage_time[stage];
        from = step.node;
    }
    sum += graph_.leg_time[graph_.leg_index(from, graph_.gateway(), graph_.cuts - 1)];
    // Shares are moved in units of the value, so that both kinds of price take steps of one size.
    double norm = 0;
    for (std::size_t v = 0; v < graph_.nodes; ++v) {
        double& node = direction_.node[v];
        node = 0.5 * node + count[v] - 1;
        if (prices_.node[v] == 0 && node < 0) node = 0;
        double& share = direction_.refill_share[v];
        share = 0.5 * share + latency_price_ * (refill[v] - sum) / scale_;
        if (prices_.refill_share[v] == 0 && share < 0) share = 0;
        norm += node * node + share * share;
    }
    if (norm <= 0) {
        done_ = true;
        return;
    }
    const double step = factor_ * std::max(gap, 0.0) / norm;
    double shares = 0;
    for (std::size_t v = 0; v < graph_.nodes; ++v) {
        prices_.node[v] = std::max(0.0, prices_.node[v] + step * direction_.node[v]);
        prices_.refill_share[v] = std::max(0.0, prices_.refill_share[v] + step * direction_.refill_share[v] / scale_);
        shares += prices_.refill_share[v];
    }
    if (shares > 1) {
        for (double& share : prices_.refill_share) share /= shares;
    }
}

}  // namespace carbonedge
