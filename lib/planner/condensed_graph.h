#pragma once

#include "lib/dag/operation_graph.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonedge {

/// Operations that stay together in some best plan, as one.
struct GraphItem {
    double accelerator = 0;               ///< seconds; 0 where no accelerator can run it
    double cpu = 0;                       ///< seconds
    std::int64_t memory = 0;              ///< bytes; 0 throughout where all operations together fit on one accelerator
    bool accelerator_can_run = true;      ///< all of it, and it fits
    std::vector<std::size_t> operations;  ///< positions in the graph, ascending
    std::vector<std::size_t> producers;   ///< items whose values it reads, ascending
    std::vector<std::size_t> consumers;
    std::vector<std::size_t> made;  ///< values
    std::vector<std::size_t> read;
};

/// What an operation hands to other items.
struct GraphValue {
    double cost = 0;  ///< seconds for each accelerator that sends or receives it
    std::size_t producer = 0;
    std::vector<std::size_t> consumers;  ///< items, ascending, without the producer
};

/// A graph with operations merged where that loses nothing: what forms a circle with equal colours, and operations
/// without any work that only hand on what they get. Items are in execution order, so that every down-set can be built
/// by adding items of rising position.
struct CondensedGraph {
    std::vector<GraphItem> items;
    std::vector<GraphValue> values;
    /// Operations that cost nothing anywhere and read nothing: each belongs where its first consumer runs.
    std::vector<std::size_t> free_sources;
};

/// For any number of devices, with memory limits and CPUs: the least largest load over contiguous plans of the result
/// equals that of the graph (see docs/planners.md for why each merge is allowed).
CondensedGraph condense(const OperationGraph& graph);

}  // namespace carbonedge
