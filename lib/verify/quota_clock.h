#pragma once

#include "lib/cluster/cluster.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// The bucket of a node as a clock: how much of its quota is left in the period that a time falls in. A stage counts
/// from the start of a period, not in absolute time: after hours of slow messages the end of a period, rounded, may lie
/// before itself, and a clock that asked again which period that is would stand still.
class QuotaClock {
public:
    /// `offset` of its periods against time 0, in periods.
    QuotaClock(const Node& node, double offset);

    /// When a stage that begins at `now`, takes `busy` when not throttled and draws `cpu` evenly is done: seconds.
    /// O(1).
    double serve(double now, double busy, double cpu);

private:
    void enter_period_of(double now);

    double period_;
    double quota_;
    double origin_;
    double index_ = -1e18;
    double left_in_period_ = 0;
};

/// The clocks of a cluster's nodes for one of the sets of offsets that a replay takes means over.
std::vector<QuotaClock> quota_clocks(const Cluster& cluster, int set);

}  // namespace carbonedge
