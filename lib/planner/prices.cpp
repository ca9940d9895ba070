#include "lib/planner/prices.h"

#include <algorithm>

namespace carbonedge {
namespace {

double capacity(const SearchGraph& graph, std::size_t kind) { return static_cast<double>(graph.members[kind].size()); }

double usable(double price) { return price > 0 && price < kNotAllowed ? price : 0.0; }

}  // namespace

LatencyFloor latency_floor(const SearchGraph& graph, double least_latency) {
    const auto least = std::min_element(graph.kind_latency_weight.begin(), graph.kind_latency_weight.end());
    return {least_latency, *least};
}

PathWeights priced_weights(const SearchGraph& graph, const KindPrices& prices, const LatencyFloor& floor) {
    PathWeights weights;
    weights.sum = prices.sum;
    weights.refill = prices.refill;
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        weights.extra.push_back(prices.kind[k] + prices.stage + graph.kind_latency_weight[k] * floor.least_latency);
    }
    return weights;
}

double price_offset(const SearchGraph& graph, const KindPrices& prices, const LatencyFloor& floor) {
    double offset = floor.least_weight * floor.least_latency;
    double seconds = prices.sum;
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        seconds += capacity(graph, k) * prices.refill[k];
        offset += capacity(graph, k) * prices.kind[k];
    }
    const double excess = seconds - (graph.latency_weight + floor.least_weight);
    if (excess > 0 && graph.latency_cap < kNotAllowed) offset += excess * graph.latency_cap;
    return offset + prices.stage * static_cast<double>(graph.max_stages);
}

KindPrices no_prices(const SearchGraph& graph) {
    return {0.0, std::vector<double>(graph.kinds, 0.0), std::vector<double>(graph.kinds, 0.0), 0.0};
}

Prices per_node(const SearchGraph& graph, const KindPrices& prices) {
    std::size_t nodes = 0;
    for (const std::vector<std::size_t>& kind : graph.members) nodes += kind.size();
    Prices result{prices.sum, std::vector<double>(nodes, 0.0), std::vector<double>(nodes, 0.0), prices.stage};
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        for (const std::size_t v : graph.members[k]) {
            result.refill[v] = prices.refill[k];
            result.node[v] = prices.kind[k];
        }
    }
    return result;
}

KindPrices per_kind(const SearchGraph& graph, const Prices& prices) {
    KindPrices result = no_prices(graph);
    result.sum = usable(prices.sum);
    result.stage = usable(prices.stage);
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        const std::size_t v = graph.members[k].front();
        if (v < prices.refill.size()) result.refill[k] = usable(prices.refill[v]);
        if (v < prices.node.size()) result.kind[k] = usable(prices.node[v]);
    }
    return result;
}

}  // namespace carbonedge
