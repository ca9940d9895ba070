#pragma once

#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// What rows [first, end) cost on a node (docs/cost_model.md, "Stage"), in seconds and bytes before any rounding.
struct StageCost {
    double busy = 0;
    double compute_cpu = 0;
    double transport_cpu = 0;
    double memory_bytes = 0;

    [[nodiscard]] double cpu() const { return compute_cpu + transport_cpu; }
};

/// Costs of stages and legs of one problem in constant time each, by prefix sums and a range maximum of the peaks.
/// Building is O(layers log layers) a node. Nodes are numbered as in the cluster; gateway() is the end of a leg that is
/// no node.
class CostTable {
public:
    explicit CostTable(const PlanningProblem& problem);

    /// Takes the intensities of a cluster that differs in nothing else.
    void set_intensities(const Cluster& cluster);

    [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }
    [[nodiscard]] std::size_t layers() const { return cut_bytes_.size() - 1; }
    [[nodiscard]] std::size_t gateway() const { return nodes_.size(); }
    /// Positions where a pipeline may be cut, 0 and layers() included, ascending.
    [[nodiscard]] const std::vector<std::size_t>& positions() const { return positions_; }
    [[nodiscard]] Bytes cut_bytes(std::size_t position) const;

    [[nodiscard]] StageCost stage(std::size_t node, LayerRange range) const;
    /// cpu / rate: the node cannot serve a pass more often. 0 where the quota cannot bite.
    [[nodiscard]] double refill(std::size_t node, const StageCost& cost) const;
    /// max(busy, refill): how long a pass keeps the node.
    [[nodiscard]] double occupancy(std::size_t node, const StageCost& cost) const;
    /// Joules and grams of one pass; `mean_latency` in seconds counts with the idle policy "full" only.
    [[nodiscard]] CarbonParts stage_parts(std::size_t node, const StageCost& cost, double mean_latency) const;
    /// Watts and grams per second that using a node costs for the whole of a request's latency: idle policy "full".
    [[nodiscard]] double full_idle_watts(std::size_t node) const;
    [[nodiscard]] double full_idle_grams_per_second(std::size_t node) const;

    /// Wall and CPU seconds of one row on a node, borders and transport left out.
    [[nodiscard]] double row_wall(std::size_t node, std::size_t layer) const;
    [[nodiscard]] double row_cpu(std::size_t node, std::size_t layer) const;
    [[nodiscard]] double rate(std::size_t node) const { return nodes_[node].node.cpus; }
    [[nodiscard]] bool throttled(std::size_t node) const { return can_be_throttled(nodes_[node].node); }

    /// Seconds from one end to another for what crosses a position.
    [[nodiscard]] double leg_time(std::size_t from, std::size_t to, std::size_t position) const;
    /// Whether two pairs of ends are equally far apart, whatever crosses.
    [[nodiscard]] bool same_leg_times(std::size_t from, std::size_t to, std::size_t other_from,
                                      std::size_t other_to) const;
    [[nodiscard]] CarbonParts leg_parts(std::size_t from, std::size_t to, std::size_t position) const;
    /// Whether two pairs of ends are joined alike, in time, joules and intensity.
    [[nodiscard]] bool same_link(std::size_t from, std::size_t to, std::size_t other_from, std::size_t other_to) const;

private:
    struct NodeTable {
        Node node;
        double scale = 1;  ///< of every time in the profile
        double runtime_base = 0;
        double load_factor = 1;
        BoundaryCost boundary;
        std::vector<double> wall;  ///< prefix sums in seconds
        std::vector<double> cpu;
        std::vector<double> weights;             ///< prefix sums in bytes
        std::vector<std::vector<double>> peaks;  ///< peaks[k][i] = max of rows [i, i + 2^k)
    };
    struct LinkCost {
        double latency = 0;
        double per_byte = 0;
        double joules_per_byte = 0;
        CarbonIntensity intensity;
        bool operator==(const LinkCost&) const = default;
    };

    void set_links(const Cluster& cluster);
    [[nodiscard]] double peak(const NodeTable& table, LayerRange range) const;

    std::vector<NodeTable> nodes_;
    std::vector<LinkCost> links_;  ///< (from, to) over nodes and gateway
    std::vector<double> cut_bytes_;
    std::vector<std::size_t> positions_;
    TransportCost transport_;
    MessageBuffers buffers_;
    IdlePolicy idle_policy_;
};

}  // namespace carbonedge
