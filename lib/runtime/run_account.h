#pragma once

#include "lib/runtime/accounting.h"
#include "lib/runtime/engine.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace carbonedge {

/// Joules and grams of a run during which intensities change: every stretch between two changes is accounted on its
/// own, and the stretches are added. A request counts in the stretch in which it is answered. Thread-safe.
class RunAccount {
public:
    /// What the nodes had used when something began or ended; they are asked from outside.
    using Usage = std::map<std::string, NodeUsage>;

    RunAccount(Cluster cluster, Usage at_start, Nanoseconds now);

    void add(const RequestRecord& request);
    /// From `now` on the cluster is this one: another intensity, or another set of nodes in use. What a node
    /// that was started since has used counts whole.
    void change(Cluster cluster, const Usage& used, Nanoseconds now);
    /// Of everything up to `now`, nodes in the cluster's order. Ends the last stretch; call once.
    struct Sum {
        std::vector<NodeRecord> nodes;
        LinkTotals links;
    };
    Sum finish(const Usage& used, Nanoseconds now);
    /// The same while the run goes on.
    [[nodiscard]] Sum so_far(const Usage& used, Nanoseconds now) const;

private:
    void end_stretch(const Usage& used, Nanoseconds now);

    mutable std::mutex mutex_;
    Cluster cluster_;
    Usage at_start_;
    Nanoseconds started_;
    RunTotals totals_;
    Sum sum_;
};

}  // namespace carbonedge
