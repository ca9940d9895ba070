#pragma once

#include "lib/units/quantity.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// One operation of a network that is a graph rather than a row of layers.
struct Operation {
    std::int64_t id = 0;
    std::string name;
    bool accelerator_can_run = true;  ///< false: only a CPU can
    Seconds accelerator_time{0};
    Seconds cpu_time{0};
    /// What an accelerator that makes its output pays once for handing it out, where any consumer is elsewhere, and
    /// what each accelerator that consumes it from elsewhere pays once.
    Seconds transfer_time{0};
    Bytes memory;                        ///< taken on an accelerator
    std::int64_t colour = 0;             ///< operations of one colour stay on one device
    std::vector<std::size_t> consumers;  ///< positions in OperationGraph::operations, ascending, each once

    bool operator==(const Operation&) const = default;
};

/// Operations and the devices there are for them: identical accelerators and identical CPUs.
struct OperationGraph {
    std::string name;  ///< of the file it came from
    std::size_t accelerators = 0;
    std::size_t cpus = 0;
    Bytes accelerator_memory;
    std::vector<Operation> operations;

    bool operator==(const OperationGraph&) const = default;
};

/// Positions such that every operation comes after what it consumes; among those that could be next, the first in the
/// graph. Shorter than the operations where they form a circle.
std::vector<std::size_t> execution_order(const OperationGraph& graph);

}  // namespace carbonedge
