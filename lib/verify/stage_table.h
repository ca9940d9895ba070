#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Stands for "there is none" among weights that are added up.
inline constexpr double kNever = 1e200;

/// Every stage and leg of a plan's problem with what it adds to A, B and the value, recomputed row by row: what a bound
/// over all pipelines needs. Stages that break a limit on their own (memory, pinned and forbidden layers, throughput,
/// refill above the mean limit) are kNever. Nodes are numbered as in the cluster, cuts are its legal positions.
class StageTable {
public:
    /// Whether stages and legs through which no chain keeps the latency limits are left out as well, a chain being a
    /// pipeline that may use nodes again.
    enum class Keep { kAll, kWithinLatency };

    /// `recomputer` must be of the plan. Of a plan whose cuts were given only the stages between its own neighbouring
    /// cuts. O(nodes * cuts * rows).
    StageTable(const Plan& plan, const Recomputer& recomputer, Keep keep = Keep::kWithinLatency);

    [[nodiscard]] std::size_t nodes() const { return nodes_; }
    [[nodiscard]] std::size_t cuts() const { return positions_.size(); }
    [[nodiscard]] const std::vector<std::size_t>& positions() const { return positions_; }
    [[nodiscard]] std::size_t at(std::size_t node, std::size_t from, std::size_t to) const {
        return (node * cuts() + from) * cuts() + to;
    }
    [[nodiscard]] double time(std::size_t stage) const { return time_[stage]; }
    [[nodiscard]] double refill(std::size_t stage) const { return refill_[stage]; }
    [[nodiscard]] double cost(std::size_t stage) const { return cost_[stage]; }
    /// Ends are nodes, then the gateway.
    [[nodiscard]] std::size_t leg(std::size_t from, std::size_t to, std::size_t cut) const {
        return (from * (nodes_ + 1) + to) * cuts() + cut;
    }
    [[nodiscard]] double leg_time(std::size_t leg) const { return leg_time_[leg]; }
    [[nodiscard]] double leg_cost(std::size_t leg) const { return leg_cost_[leg]; }
    /// Value per second of mean latency: of the objective, and of using a node (idle policy "full").
    [[nodiscard]] double latency_weight() const { return latency_weight_; }
    [[nodiscard]] double node_latency_weight(std::size_t node) const { return node_latency_weight_[node]; }

private:
    void drop_beyond(double most_seconds);
    void fill_legs(const Plan& plan, const std::vector<Cut>& all, double per_gram, double per_joule);

    std::size_t nodes_ = 0;
    std::vector<std::size_t> positions_;
    std::vector<double> time_;
    std::vector<double> refill_;
    std::vector<double> cost_;
    std::vector<double> leg_time_;
    std::vector<double> leg_cost_;
    double latency_weight_ = 0;
    std::vector<double> node_latency_weight_;
};

}  // namespace carbonedge
