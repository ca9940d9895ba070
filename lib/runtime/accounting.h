#pragma once

#include "lib/partition/plan.h"
#include "lib/runlog/run_log.h"

#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// Sums over the measured requests of a run.
struct RunTotals {
    struct NodeTotals {
        Nanoseconds compute_cpu{0};
        Nanoseconds compute_wall{0};
        Nanoseconds total_cpu{0};  ///< of the process, over the measured window
        Nanoseconds throttled{0};
        Bytes peak_memory;
    };
    std::map<std::string, NodeTotals> nodes;
    std::map<std::pair<std::string, std::string>, Bytes> link_bytes;  ///< by sender and receiver
    Nanoseconds wall{0};

    /// Adds what a request that succeeded has used.
    void add(const RequestRecord& request);
};

/// The joules and grams of every node in `totals`, in the cluster's order, by docs/cost_model.md: dynamic energy is CPU
/// seconds times (busy - idle) power times PUE; idle energy and embodied carbon by the cluster's policies over the time
/// that the node was busy, `max(compute wall, total CPU / cpus)`, or over the whole window under the full policy.
std::vector<NodeRecord> account_nodes(const Cluster& cluster, const RunTotals& totals);

struct LinkTotals {
    Joules joules;
    GramsCo2e grams;
};
LinkTotals account_links(const Cluster& cluster, const RunTotals& totals);

}  // namespace carbonedge
