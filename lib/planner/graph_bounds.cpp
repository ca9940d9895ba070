#include "lib/planner/graph_bounds.h"

#include <algorithm>
#include <limits>

namespace carbonedge {

GraphDevices devices_for(const OperationGraph& graph, const CondensedGraph& condensed) {
    return {std::min(graph.accelerators, condensed.items.size()), std::min(graph.cpus, condensed.items.size()),
            graph.accelerator_memory.value()};
}

GraphBounds::GraphBounds(const CondensedGraph& graph, const GraphDevices& devices) : devices_(devices) {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    for (const GraphItem& item : graph.items) {
        const bool accelerator_fits =
            devices.accelerators > 0 && item.accelerator_can_run && item.memory <= devices.memory;
        const double least =
            std::min(accelerator_fits ? item.accelerator : kNever, devices.cpus > 0 ? item.cpu : kNever);
        heaviest_ = std::max(heaviest_, least);
        all_.accelerator += item.accelerator;
        ++all_.size;
        if (item.accelerator > 0) by_ratio_.push_back({item.accelerator, item.cpu});
    }
    std::sort(by_ratio_.begin(), by_ratio_.end(), [](const Relief& left, const Relief& right) {
        return left.accelerator * right.cpu > right.accelerator * left.cpu;
    });
    set_threshold(0);
}

double GraphBounds::relief_at(double threshold, std::size_t cpus) const {
    double room = cpus == 0 ? 0 : threshold * static_cast<double>(cpus);
    double saved = 0;
    if (cpus == 0) return 0;
    for (const Relief& item : by_ratio_) {
        if (item.cpu <= room) {
            room -= item.cpu;
            saved += item.accelerator;
        } else {
            return saved + item.accelerator * (room / item.cpu);
        }
    }
    return saved;
}

double GraphBounds::least_load() const {
    const auto fits = [&](double threshold) {
        return all_.accelerator - relief_at(threshold, devices_.cpus) <=
               threshold * static_cast<double>(devices_.accelerators);
    };
    double low = heaviest_;
    if (fits(low)) return low;
    double high = std::max(low, 1e-300);
    while (!fits(high) && high < 1e300) high *= 2;
    for (int round = 0; round < 200 && low < high; ++round) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        (fits(middle) ? high : low) = middle;
    }
    return low;
}

void GraphBounds::set_threshold(double threshold) {
    threshold_ = threshold;
    relief_.clear();
    for (std::size_t cpus = 0; cpus <= devices_.cpus; ++cpus) relief_.push_back(relief_at(threshold, cpus));
}

bool GraphBounds::possible(const DownSetCost& cost, std::size_t accelerators, std::size_t cpus) const {
    if (threshold_ == std::numeric_limits<double>::infinity()) return true;
    // Sums of times are rounded; a plan just below the threshold must not be lost to that.
    const double slack = 1e-9 * (all_.accelerator + threshold_);
    const double before = cost.accelerator - relief_[cpus] + (cpus == 0 ? cost.frontier : 0);
    if (before > threshold_ * static_cast<double>(accelerators) + slack) return false;
    const std::size_t cpus_left = devices_.cpus - cpus;
    const double after =
        all_.accelerator - cost.accelerator - relief_[cpus_left] + (cpus_left == 0 ? cost.frontier : 0);
    return after <= threshold_ * static_cast<double>(devices_.accelerators - accelerators) + slack;
}

bool GraphBounds::possible(const DownSetCost& cost) const {
    for (std::size_t cpus = 0; cpus <= devices_.cpus; ++cpus) {
        for (std::size_t accelerators = 0; accelerators <= devices_.accelerators; ++accelerators) {
            if (possible(cost, accelerators, cpus)) return true;
        }
    }
    return false;
}

}  // namespace carbonedge
