#pragma once

#include "lib/planner/search_graph.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Least cost of completing a pipeline when a node may be used again (a relaxation, so a lower bound), by cut and node.
/// Layout: node * cuts + cut. kNotAllowed or more: cannot be completed.
struct Completion {
    std::vector<double> start;  ///< from the beginning of a stage on the node at the cut
    std::vector<double> end;    ///< from the end of a stage on the node at the cut, outgoing leg included
    double root = kNotAllowed;  ///< whole pipeline, gateway to gateway
};

/// Which sum a Completion minimises: cost_factor * cost + time_factor * time + sum of node_extra over its stages.
struct CompletionWeights {
    double cost_factor = 1;
    double time_factor = 0;
    std::vector<double> node_extra;  ///< one per node
};

/// O(nodes * cuts^2 + nodes^2 * cuts).
Completion least_sum(const SearchGraph& graph, const CompletionWeights& weights);
/// Least largest occupancy.
Completion least_maximum(const SearchGraph& graph);

/// One stage of a path through a SearchGraph.
struct PathStep {
    std::size_t node = 0;
    std::size_t from = 0;  ///< cuts
    std::size_t to = 0;

    bool operator==(const PathStep&) const = default;
};

/// A path that attains `completion.root`; may use a node several times. Empty where there is none.
std::vector<PathStep> relaxed_path(const SearchGraph& graph, const CompletionWeights& weights,
                                   const Completion& completion);

/// Value and feasibility of a path with every limit of the graph.
struct PathValue {
    bool feasible = false;
    double value = 0;
    double sum = 0;   ///< A
    double slow = 0;  ///< B
};
PathValue evaluate_path(const SearchGraph& graph, const std::vector<PathStep>& path);

/// Multipliers in the objective's unit; one number per node of the cluster, in its order. See docs/planners.md.
struct Prices {
    double sum = 0;              ///< of a second of A
    std::vector<double> refill;  ///< of a second of refill on the node
    std::vector<double> node;    ///< of using the node
    double stage = 0;            ///< of a stage, where the number of nodes is limited
};

/// The bound of a Lagrangian relaxation of "A within the cap" (multiplier `latency_price`, per second) and "each node
/// at most once" (`node_price`). For every complete pipeline
///     value >= cost + lambda * A + sum of node_extra over its nodes - offset,   lambda = latency_weight +
///     latency_price,
/// and `completion` is the least of that sum over what is left of a pipeline.
struct LagrangianBound {
    double lambda = 0;
    std::vector<double> node_price;
    std::vector<double> node_extra;  ///< price + what the idle policy "full" charges at least
    double offset_cap = 0;           ///< latency_price * cap
    double offset_nodes = 0;         ///< sum of prices
    Completion completion;
    double value = 0;  ///< at the root
    std::size_t rounds = 0;
    std::vector<PathStep> best_path;  ///< the best feasible relaxed path met on the way; empty: none
    double best_value = kNotAllowed;
};

/// Deflected subgradient with Polyak steps, at most `rounds` evaluations of least_sum. `upper` is the value of a known
/// plan (kNotAllowed: none); `least_latency` a lower bound of any plan's latency.
LagrangianBound lagrangian_bound(const SearchGraph& graph, double upper, double least_latency, std::size_t rounds);

}  // namespace carbonedge
