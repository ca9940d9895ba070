#pragma once

#include "lib/cluster/cluster.h"
#include "lib/runtime/process_engine.h"

#include <functional>
#include <stop_token>
#include <vector>

namespace carbonedge {

struct CalibrationOptions {
    std::vector<Bytes> sizes{Bytes(1'000),   Bytes(16'000),    Bytes(64'000),    Bytes(256'000),
                             Bytes(602'112), Bytes(1'204'224), Bytes(2'400'000), Bytes(4'000'000)};
    std::int64_t requests = 40;  ///< counted, at each size and repetition
    std::int64_t warm_up = 5;
    int repetitions = 3;  ///< sizes are gone through so often, to outlast a disturbance
    /// Emptying the caches between messages, as a network's pass does: memory that each stage reads in a pass.
    Bytes touch{64 * 1024 * 1024};
    /// CPU time that each stage spends besides: the other node and the gateway fall asleep meanwhile, as they do while
    /// a network runs, and have to be woken by the message.
    Nanoseconds burn{3'000'000};
    EngineOptions engine;
};

/// Medians at one message size.
struct TransportSample {
    Bytes bytes;
    double hop_ns = 0;  ///< handing over at one node until the next's model thread takes it up, less the imitated link
    double send_cpu_ns = 0;     ///< of the node that sends this size and receives next to nothing
    double receive_cpu_ns = 0;  ///< of the node that receives this size and sends next to nothing
};

struct Calibration {
    TransportCost cost;
    std::vector<TransportSample> samples;
};

/// Measures what one message costs the nodes themselves: two nodes without networks and without limits, one that makes
/// messages of a size and one that takes them. Where `cluster` has links to imitate, hops go through the same path with
/// a link of 1 ms. Throws what ProcessEngine throws.
Calibration calibrate_transport(const Cluster& cluster, const CalibrationOptions& options,
                                const std::function<void(std::size_t done, std::size_t of)>& progress,
                                const std::stop_token& stop);

}  // namespace carbonedge
