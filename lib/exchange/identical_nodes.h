#pragma once

#include "lib/exchange/foreign_problem.h"

#include <cstddef>

namespace carbonedge {

/// The machines that a format without a description of them is planned for.
struct MachineRequest {
    std::size_t nodes = 4;
    Bytes memory{16'000'000'000};
    BytesPerSecond bandwidth{125'000'000.0};  ///< between any two of them; 1 Gbit/s
};

/// `machine-1` .. of one CPU each, all links alike, none towards the gateway: the network's input is where it is
/// needed.
Cluster identical_nodes(const MachineRequest& request, const AssumedPower& power);

}  // namespace carbonedge
