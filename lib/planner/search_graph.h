#pragma once

#include "lib/planner/cost_table.h"
#include "lib/planner/planning_problem.h"

#include <array>
#include <cstddef>
#include <vector>

namespace carbonedge {

/// Stands for "not allowed" in a SearchGraph: larger than any sum of real weights, yet finite, so that sums and
/// products of it never become NaN.
inline constexpr double kNotAllowed = 1e250;

/// A problem reduced to what the search needs: every allowed stage and leg with its weights in the objective's unit.
/// A pipeline is a path gateway -> (node, cut) -> ... -> gateway that covers the cuts 0 to cuts - 1 and visits each
/// node at most once. Its value is
///     minimax:   the largest occupancy of its stages and legs
///     otherwise: sum of costs + (latency_weight + sum of node_latency_weight of its nodes) * max(A, B)
/// with A = sum of stage and leg times and B = largest refill of its stages.
struct SearchGraph {
    std::size_t nodes = 0;
    std::size_t cuts = 0;
    bool minimax = false;
    double latency_weight = 0;
    double latency_cap = kNotAllowed;  ///< of A; refills above it are not allowed in the first place
    std::size_t max_stages = 0;
    std::vector<double> node_latency_weight;

    // Stage on node v from cut a to cut b > a, at stage_index(v, a, b).
    std::vector<double> stage_time;  ///< kNotAllowed where any limit forbids it
    std::vector<double> stage_cost;
    std::vector<double> stage_refill;
    std::vector<double> stage_occupancy;
    // Leg from end u to end w (nodes, then the gateway) at cut a, at leg_index(u, w, a).
    std::vector<double> leg_time;
    std::vector<double> leg_cost;

    /// Work of the rows from cut a on and how much of it a node does in a second, at (node, a), for the bound that no
    /// set of nodes beats the sum of its rates. Three measures: CPU time against the quotas where they can bite (bounds
    /// the largest refill); the same with wall time elsewhere, and wall time everywhere (both bound the largest
    /// occupancy).
    enum Measure : std::size_t { kQuota, kQuotaOrWall, kWall, kMeasures };
    std::array<std::vector<double>, kMeasures> work;
    std::array<std::vector<double>, kMeasures> work_rate;

    [[nodiscard]] std::size_t gateway() const { return nodes; }
    [[nodiscard]] std::size_t stage_index(std::size_t v, std::size_t a, std::size_t b) const {
        return (v * cuts + a) * cuts + b;
    }
    [[nodiscard]] std::size_t leg_index(std::size_t u, std::size_t w, std::size_t a) const {
        return (u * (nodes + 1) + w) * cuts + a;
    }
};

/// References of Objective::kScore.
struct ScoreReferences {
    double carbon_grams = 0;
    double latency_seconds = 0;
};

/// The carbon-least and the latency-least single node, each over all nodes that can hold the model and may run all of
/// it; where there is none, over all nodes.
ScoreReferences score_references(const PlanningProblem& problem, const CostTable& table);

/// `references` count with Objective::kScore only. Objective::kNone is refused (UsageError).
SearchGraph build_search_graph(const PlanningProblem& problem, const CostTable& table,
                               const ScoreReferences& references);

/// Whether a stage may run on a node: memory, pinned and forbidden layers, refill within the latency
/// limits, occupancy within the throughput.
bool stage_allowed(const PlanningProblem& problem, const CostTable& table, std::size_t node, LayerRange range);

}  // namespace carbonedge
