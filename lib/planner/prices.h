#pragma once

#include "lib/planner/reduced_graph.h"
#include "lib/planner/search_graph.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Multipliers in the objective's unit. A bound that they prove, for every pipeline within the limits:
///     value >= least over relaxed paths of (cost + sum * A + sum of refill[v] * refill + node[v] + stage a stage)
///              - cap * max(0, sum + all refill - W) - all node - max_nodes * stage
/// where a relaxed path may use nodes again, W is the weight of the latency in the value and cap the limit on it.
/// docs/planners.md, "Certificate", has the whole formula.
struct Prices {
    double sum = 0;              ///< of a second of A
    std::vector<double> refill;  ///< of a second of refill on the node; one per node of the cluster, in its order
    std::vector<double> node;    ///< of using the node; likewise
    double stage = 0;            ///< of a stage, where the number of nodes is limited
};

/// The same per kind of node, as the search counts.
struct KindPrices {
    double sum = 0;
    std::vector<double> refill;
    std::vector<double> kind;
    double stage = 0;
};

/// What a graph adds to the formula: the least latency of any plan, and the smallest latency weight of a node.
struct LatencyFloor {
    double least_latency = 0;  ///< seconds
    double least_weight = 0;   ///< of the nodes of any plan; multiplies least_latency
};

LatencyFloor latency_floor(const SearchGraph& graph, double least_latency);

/// Weights under which a relaxed path has to be least, and what to take off.
PathWeights priced_weights(const SearchGraph& graph, const KindPrices& prices, const LatencyFloor& floor);
double price_offset(const SearchGraph& graph, const KindPrices& prices, const LatencyFloor& floor);

/// No prices at all: a bound that always holds.
KindPrices no_prices(const SearchGraph& graph);
Prices per_node(const SearchGraph& graph, const KindPrices& prices);
/// Of the first member of each kind; made valid for the graph whatever they were made for.
KindPrices per_kind(const SearchGraph& graph, const Prices& prices);

}  // namespace carbonedge
