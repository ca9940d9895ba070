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
/// Nodes that differ in nothing but their name are one kind (lib/planner/node_kinds.h); a search that tells all nodes
/// apart has kinds of one member. A pipeline is a path gateway -> (kind, cut) -> ... -> gateway that covers the cuts 0
/// to cuts - 1 and visits each kind at most as often as it has members. Its value is
///     minimax:   the largest occupancy of its stages and legs
///     otherwise: sum of costs + (latency_weight + sum of kind_latency_weight of its stages) * max(A, B)
/// with A = sum of stage and leg times and B = largest refill of its stages.
struct SearchGraph {
    std::size_t kinds = 0;
    std::size_t cuts = 0;
    std::vector<std::vector<std::size_t>> members;  ///< of each kind: its nodes in the cluster, ascending
    bool minimax = false;
    double latency_weight = 0;
    double latency_cap = kNotAllowed;  ///< of A
    double refill_cap = kNotAllowed;   ///< of every refill
    std::size_t max_stages = 0;
    std::vector<double> kind_latency_weight;

    // Stages of kind v from cut a on lie at row[v * cuts + a] .. row[v * cuts + a + 1], the one to cut b at offset
    // b - a - 1; a row ends at the last stage that is allowed.
    std::vector<std::size_t> row;
    std::vector<double> stage_time;  ///< kNotAllowed where a limit other than on latency forbids it
    std::vector<double> stage_cost;
    std::vector<double> stage_refill;     ///< empty where no quota can bite
    std::vector<double> stage_occupancy;  ///< minimax only
    // Leg from end u to end w (kinds, then the gateway) at cut a, at leg_index(u, w, a).
    std::vector<double> leg_time;
    std::vector<double> leg_cost;

    /// Work of the rows from cut a on and how much of it a node of a kind does in a second, at (kind, a), for the bound
    /// that no set of nodes beats the sum of its rates. Three measures: CPU time against the quotas where they can bite
    /// (bounds the largest refill); the same with wall time elsewhere, and wall time everywhere (both bound the largest
    /// occupancy).
    enum Measure : std::size_t { kQuota, kQuotaOrWall, kWall, kMeasures };
    std::array<std::vector<double>, kMeasures> work;
    std::array<std::vector<double>, kMeasures> work_rate;

    [[nodiscard]] std::size_t gateway() const { return kinds; }
    [[nodiscard]] std::size_t row_size(std::size_t v, std::size_t a) const {
        return row[v * cuts + a + 1] - row[v * cuts + a];
    }
    [[nodiscard]] bool has_stage(std::size_t v, std::size_t a, std::size_t b) const {
        return b - a - 1 < row_size(v, a) && stage_time[stage_index(v, a, b)] < kNotAllowed;
    }
    [[nodiscard]] std::size_t stage_index(std::size_t v, std::size_t a, std::size_t b) const {
        return row[v * cuts + a] + (b - a - 1);
    }
    [[nodiscard]] double refill(std::size_t stage) const { return stage_refill.empty() ? 0.0 : stage_refill[stage]; }
    [[nodiscard]] std::size_t leg_index(std::size_t u, std::size_t w, std::size_t a) const {
        return (u * (kinds + 1) + w) * cuts + a;
    }
    /// Whether a stage on w may follow one on u.
    [[nodiscard]] bool may_follow(std::size_t u, std::size_t w) const { return u != w || members[w].size() > 1; }
};

/// One stage of a path through a SearchGraph.
struct PathStep {
    std::size_t kind = 0;
    std::size_t from = 0;  ///< cuts
    std::size_t to = 0;

    bool operator==(const PathStep&) const = default;
};

/// Value and feasibility of a path with every limit of the graph.
struct PathValue {
    bool feasible = false;
    double value = 0;
    double sum = 0;   ///< A
    double slow = 0;  ///< B
};
PathValue evaluate_path(const SearchGraph& graph, const std::vector<PathStep>& path);

/// References of Objective::kScore.
struct ScoreReferences {
    double carbon_grams = 0;
    double latency_seconds = 0;
};

/// The carbon-least and the latency-least single node, each over all nodes that can hold the model and may run all of
/// it; where there is none, over all nodes.
ScoreReferences score_references(const PlanningProblem& problem, const CostTable& table);

/// Which nodes a search may take for each other.
enum class Alike { kMerge, kTellApart };

/// SearchGraph::members for a problem.
std::vector<std::vector<std::size_t>> graph_members(const PlanningProblem& problem, const CostTable& table,
                                                    Alike alike);

/// `references` count with Objective::kScore only. Objective::kNone is refused (UsageError).
SearchGraph build_search_graph(const PlanningProblem& problem, const CostTable& table,
                               const ScoreReferences& references, Alike alike = Alike::kMerge);

/// What an objective and intensities decide: costs and latency weights. The rest stays, so kinds must have stayed.
void set_costs(SearchGraph& graph, const PlanningProblem& problem, const CostTable& table,
               const ScoreReferences& references);
/// The limits on latency, from the problem.
void set_latency_limits(SearchGraph& graph, const Limits& limits);

/// Per node, how many of the first l layers pinned and forbidden ones keep it from running.
std::vector<std::vector<int>> banned_layers(const PlanningProblem& problem);

/// Whether a stage may run on a node: memory, pinned and forbidden layers, refill within the latency
/// limits, occupancy within the throughput.
bool stage_allowed(const PlanningProblem& problem, const CostTable& table, std::size_t node, LayerRange range);

}  // namespace carbonedge
