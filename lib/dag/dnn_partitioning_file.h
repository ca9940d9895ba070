#pragma once

#include "lib/dag/operation_graph.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Reads the JSON of msr-fiddle/dnn-partitioning (throughput inputs): `maxSizePerFPGA`, `maxFPGAs`, `maxCPUs`, `nodes`
/// and `edges`; times and edge costs are milliseconds, sizes bytes (a broken one counts as the next whole byte). Keys
/// that it does not know are an error. Throws InputError, also for graphs with a circle, edges out of one operation at
/// different costs, and training graphs (`isBackwardNode`), whose plans obey other rules.
OperationGraph read_dnn_partitioning(std::string_view text, const std::string& file);

}  // namespace carbonedge
