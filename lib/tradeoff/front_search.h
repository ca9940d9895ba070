#pragma once

#include "lib/tradeoff/front_set.h"
#include "lib/tradeoff/trade_graph.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// A path of a front with the proof that goes with it.
struct FoundPath {
    TradePath path;
    Outcome outcome;
    double cost_bound = 0;  ///< no plan of at most this latency (and occupancy) costs less; the cost itself if proven
};

/// How far a search for a front may go. Counts, not seconds: the same input gives the same front on any machine.
struct FrontCaps {
    std::size_t labels = 1'500'000;    ///< kept at once
    std::size_t states = 60'000'000;   ///< partial plans looked at
    std::size_t weights = 14;          ///< at most so many prices of latency are bounded
    std::size_t rounds_a_weight = 40;  ///< of raising each bound
    /// Asked now and then; true ends the search with what it has, which may differ from run to run.
    std::function<bool()> out_of_time;
};

struct SearchedFront {
    std::vector<FoundPath> paths;  ///< ascending latency; empty: no path meets the limits (proven if `proven`)
    bool proven = true;            ///< no further point exists
    double latency_bound = 0;      ///< no plan is faster
    std::map<std::string, double> counters;
};

/// Every trade of latency max(A, B) against the graph's cost (and, with `throughput`, against the largest occupancy)
/// that no other path beats. Labels are taken cut by cut; one is dropped where another at the same cut and node is no
/// worse in everything with a subset of its nodes, or where Lagrangian bounds of several prices of latency show that
/// no known corner of the front leaves room for what it can become. Exact unless a cap ends it: then `cost_bound` is
/// what the open labels still leave possible.
SearchedFront search_front(const TradeGraph& graph, bool throughput, const FrontCaps& caps);

}  // namespace carbonedge
