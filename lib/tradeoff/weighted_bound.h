#pragma once

#include "lib/tradeoff/trade_graph.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Prices that relax "each node at most once" (of using a node) and max(A, B) (the share of the latency's price that a
/// node's refill takes from A). Any prices of at least 0 whose shares sum to at most 1 give a bound.
struct BoundPrices {
    std::vector<double> node;          ///< objective's unit; one per node
    std::vector<double> refill_share;  ///< 0 to 1; one per node, their sum at most 1
};

/// A lower bound of `cost + latency_price * latency` for every way to complete a pipeline:
///     value >= cost so far + sum_price * A so far + sum over its nodes of (node_extra + refill_price * refill) + end -
///     offset
struct WeightedBound {
    double latency_price = 0;  ///< per second of max(A, B)
    double sum_price = 0;      ///< per second of A
    std::vector<double> refill_price;
    std::vector<double> node_extra;  ///< price + what the idle policy "full" charges at least
    double offset = 0;
    std::vector<double> start;  ///< node * cuts + cut: what is left, from the beginning of a stage there
    std::vector<double> end;    ///< ... from the end of a stage there, outgoing leg included
    double value = 0;           ///< of whole pipelines; kNotAllowed: there is none
    BoundPrices prices;
};

/// The bound of given prices by one backward recursion. O(nodes * cuts^2 + nodes^2 * cuts).
WeightedBound weighted_bound(const TradeGraph& graph, double latency_price, double least_latency,
                             const BoundPrices& prices);

/// Raises the bound by a deflected subgradient with Polyak steps, at most `rounds` recursions. `upper`: the least
/// cost + latency_price * latency of a known path (kNotAllowed: none). Hands every pipeline that the relaxation meets
/// and that visits no node twice to `meet`.
class BoundRaiser {
public:
    BoundRaiser(const TradeGraph& graph, double least_latency, std::size_t rounds)
        : graph_(graph), least_latency_(least_latency), rounds_(rounds) {}

    template <class Meet>
    WeightedBound raise(double latency_price, const BoundPrices& start, double upper, Meet meet) {
        begin(latency_price, start, upper);
        while (step()) {
            if (path_is_simple_) upper_ = std::min(upper_, meet(path_));
        }
        return best_;
    }

private:
    void begin(double latency_price, const BoundPrices& start, double upper);
    bool step();
    void move(const WeightedBound& bound);

    const TradeGraph& graph_;
    double least_latency_;
    std::size_t rounds_;
    double latency_price_ = 0;
    double upper_ = 0;
    double scale_ = 0;
    double factor_ = 1;
    std::size_t round_ = 0;
    std::size_t stalled_ = 0;
    bool done_ = false;
    bool path_is_simple_ = false;
    BoundPrices prices_;
    BoundPrices direction_;
    WeightedBound best_;
    TradePath path_;
};

/// The path that attains a bound; it may visit a node several times. Empty where there is none.
TradePath path_of_bound(const TradeGraph& graph, const WeightedBound& bound);

}  // namespace carbonedge
