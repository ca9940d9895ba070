#pragma once

#include "lib/cluster/cluster.h"

#include <string>

namespace carbonedge {

/// What messages between two ends took: a fixed part and one per byte.
struct MeasuredHop {
    double fixed_ns = 0;
    double per_byte_ns = 0;
};

/// Fills in latency and bandwidth of the link between two ends of the cluster, added where it has none of its own. What
/// [transport] says a hop costs the nodes themselves is taken off, since the cost model adds it to every link; what is
/// left of the bandwidth beyond 1 Tbit/s is no limit. Throws InputError where an end is neither a node nor the gateway,
/// or both are one.
void set_measured_link(Cluster& cluster, const std::string& from, const std::string& to, const MeasuredHop& hop);

}  // namespace carbonedge
