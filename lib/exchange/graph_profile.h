#pragma once

#include "lib/profile/profile.h"

#include <cstddef>
#include <string>
#include <vector>

namespace carbonedge {

/// One row of a network that is a graph, from a single figure each.
struct GraphRow {
    std::string name;
    std::string type = "layer";
    std::vector<std::size_t> producers;       ///< rows above that it reads, each once
    std::vector<std::size_t> network_inputs;  ///< positions of the network's inputs that it reads
    double seconds = 0;                       ///< one pass
    double cpu_seconds = 0;
    double weight_bytes = 0;
    double output_bytes = 0;
    double parameters = 0;
};

/// A profile of rows in topological order; each makes one value, and what no row reads is what the network returns.
/// Times and weights are rounded so that the sum over any range of rows is off by less than a nanosecond and a byte;
/// the one figure stands for median, mean and quartiles alike. A row's peak are the values that are alive while it
/// runs. Throws std::invalid_argument where sums leave what a profile can hold.
Profile graph_profile(const std::vector<GraphRow>& rows, const std::vector<double>& input_bytes,
                      const std::string& model, const std::string& machine);

/// Positions of rows such that each comes after those it reads: the first in the given order that is ready. Shorter
/// than `producers` where some form a circle. O(rows log rows + edges).
std::vector<std::size_t> topological_order(const std::vector<std::vector<std::size_t>>& producers);

}  // namespace carbonedge
