#pragma once

#include "lib/planner/cost_table.h"
#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Nodes that no stage and no leg tells apart as far as occupancy and memory go: same times, quota, memory, layers that
/// they may run, and legs to everybody else. Intensity and power may differ.
struct BottleneckKind {
    std::vector<std::size_t> members;  ///< nodes of the cluster, ascending
    double occupancy_spread = 0;       ///< occupancy(i, j) <= occupancy(i, k) + spread for every j < k
    double memory_spread = 0;          ///< likewise of memory
    double memory_limit = 0;           ///< bytes that a stage may need
    std::vector<std::size_t> open;     ///< from cut a a stage may reach cut open[a] at most: pinned, forbidden layers
};

/// What decides the bottleneck of a pipeline: stages of kinds of nodes between cuts, and the legs between them. Every
/// answer is constant time. Refers to the table, which must outlive it.
class BottleneckGraph {
public:
    BottleneckGraph(const PlanningProblem& problem, const CostTable& table);

    [[nodiscard]] const std::vector<BottleneckKind>& kinds() const { return kinds_; }
    [[nodiscard]] std::size_t cuts() const { return table_.positions().size(); }
    [[nodiscard]] std::size_t max_stages() const { return max_stages_; }
    [[nodiscard]] std::size_t position(std::size_t cut) const { return table_.positions()[cut]; }

    [[nodiscard]] StageCost stage(std::size_t kind, std::size_t from, std::size_t to) const {
        return table_.stage(kinds_[kind].members.front(), {position(from), position(to)});
    }
    [[nodiscard]] double occupancy(std::size_t kind, const StageCost& cost) const {
        return table_.occupancy(kinds_[kind].members.front(), cost);
    }
    /// Between two different members where the kinds are the same.
    [[nodiscard]] double leg(std::size_t from_kind, std::size_t to_kind, std::size_t cut) const;
    [[nodiscard]] double leg_in(std::size_t kind) const;   ///< from the gateway
    [[nodiscard]] double leg_out(std::size_t kind) const;  ///< to the gateway

    /// No plan's bottleneck is lower: a row runs whole on some node. Zero or more.
    [[nodiscard]] double largest_row() const;
    /// What the nodes together would need if the work could be divided at will, each row at every node's mean speed: no
    /// bound, but close to the optimum.
    [[nodiscard]] double divided_work() const;

private:
    const CostTable& table_;
    std::vector<BottleneckKind> kinds_;
    std::size_t max_stages_ = 0;
};

}  // namespace carbonedge
