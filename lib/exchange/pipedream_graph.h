#pragma once

#include "lib/exchange/identical_nodes.h"

#include <cstdint>

namespace carbonedge {

/// How PipeDream's figures are taken.
struct PipeDreamRequest {
    bool both_passes = false;  ///< forward and backward, as PipeDream trains; else forward alone
    std::int64_t batch = 1;    ///< the figures are of so many samples; times and activations are divided by it
    MachineRequest machines;
};

/// Reads the graph that PipeDream's profiler writes (graph.txt of msr-fiddle/pipedream): a line a node, `node7 --
/// Conv2d(...) -- forward_compute_time=1.2, backward_compute_time=3.4, activation_size=56.0, parameter_size=78.0`
/// (milliseconds, bytes; several activations `[1.0; 2.0]` are added up), and a line an edge, a tab and `node7 --
/// node8`. Nodes described as `Input...` become the network's inputs; their time is that of loading data and left out,
/// as in PipeDream's optimizer. Rows come in topological order, the lowest number first. Throws InputError with file
/// and line.
ForeignProblem read_pipedream_graph(const NamedText& graph, const PipeDreamRequest& request, const AssumedPower& power);

}  // namespace carbonedge
