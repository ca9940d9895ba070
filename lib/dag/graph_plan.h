#pragma once

#include "lib/dag/operation_graph.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// What one device runs of a graph.
struct GraphDevice {
    bool accelerator = true;              ///< false: a CPU
    std::vector<std::size_t> operations;  ///< positions in the graph, ascending
    Seconds load{0};                      ///< for each request (docs/planners.md, "Graphs")
    Bytes memory;                         ///< taken by the operations

    bool operator==(const GraphDevice&) const = default;
};

/// How good a graph plan provably is.
struct GraphCertificate {
    std::string method;  ///< "exact-down-sets", "bounded-down-sets"
    bool proven_optimal = false;
    Seconds value{0};                        ///< the largest load
    Seconds lower_bound{0};                  ///< no contiguous plan is better
    double gap = 0;                          ///< (value - lower_bound) / value, 0 where the value is 0
    std::map<std::string, double> counters;  ///< items, down_sets, pairs, ...

    bool operator==(const GraphCertificate&) const = default;
};

/// A graph divided among devices: a pipeline in the order of `devices`, whose stages consume nothing of later ones.
/// Schema carbonedge.graph-plan/1; carries its graph.
struct GraphPlan {
    OperationGraph graph;
    std::vector<GraphDevice> devices;
    GraphCertificate certificate;

    bool operator==(const GraphPlan&) const = default;
};

}  // namespace carbonedge
