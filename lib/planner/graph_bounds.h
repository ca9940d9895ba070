#pragma once

#include "lib/planner/down_sets.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// The devices of a graph, no more of either kind than there are items.
struct GraphDevices {
    std::size_t accelerators = 0;
    std::size_t cpus = 0;
    std::int64_t memory = 0;
};

GraphDevices devices_for(const OperationGraph& graph, const CondensedGraph& condensed);

/// What loads below a threshold leave possible: the accelerators have so much time, and a CPU that takes items off them
/// has no more than the threshold either (a fractional knapsack).
class GraphBounds {
public:
    GraphBounds(const CondensedGraph& graph, const GraphDevices& devices);

    /// No contiguous plan, and no other, has a smaller largest load: the least threshold at which all work fits, and
    /// the heaviest item on the device that suits it best.
    [[nodiscard]] double least_load() const;

    /// Bounds for one threshold.
    void set_threshold(double threshold);
    [[nodiscard]] double threshold() const { return threshold_; }
    /// Accelerator time that so many CPUs can save.
    [[nodiscard]] double relief(std::size_t cpus) const { return relief_[cpus]; }
    /// A plan below the threshold may have used so many devices for a down-set. Values on its frontier are sent, and
    /// received later, by accelerators where no CPU is on that side.
    [[nodiscard]] bool possible(const DownSetCost& cost, std::size_t accelerators, std::size_t cpus) const;
    [[nodiscard]] bool possible(const DownSetCost& cost) const;

private:
    [[nodiscard]] double relief_at(double threshold, std::size_t cpus) const;

    GraphDevices devices_;
    DownSetCost all_;
    double heaviest_ = 0;
    double threshold_ = 0;
    std::vector<double> relief_;
    struct Relief {
        double accelerator;
        double cpu;
    };
    std::vector<Relief> by_ratio_;  ///< what a CPU best takes off first
};

}  // namespace carbonedge
