#pragma once

#include "lib/planner/search_graph.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonedge {

/// What the parts of a path are added up by: cost * cost + sum * time + refill[kind] * refill + extra[kind] a stage.
struct PathWeights {
    double cost = 1;
    double sum = 0;
    std::vector<double> refill;  ///< per kind; empty: refills do not count
    std::vector<double> extra;   ///< per kind
};

/// Least weights of partial pipelines when a kind may be used any number of times (a relaxation, so lower bounds), by
/// kind and cut: kind * cuts + cut. kNotAllowed or more: there is none.
struct PartialWeights {
    std::vector<double> start;  ///< beginning of a stage of the kind at the cut
    std::vector<double> end;    ///< end of a stage of the kind at the cut
    double root = kNotAllowed;  ///< whole pipeline, gateway to gateway
};

/// The stages and legs of a graph that may still be part of a plan worth finding, laid out for the recursions that run
/// over all of them again and again.
class ReducedGraph {
public:
    /// All stages and legs that the graph allows, refills within its cap.
    explicit ReducedGraph(const SearchGraph& graph);

    /// What is left of a pipeline from a start (the stage included) or an end (the outgoing leg included).
    /// O(stages + legs).
    [[nodiscard]] PartialWeights completions(const PathWeights& weights) const;
    /// What a pipeline weighs up to a start (the incoming leg included) or an end (the stage included).
    [[nodiscard]] PartialWeights beginnings(const PathWeights& weights) const;
    /// A path that attains `completions.root`. Empty where there is none.
    [[nodiscard]] std::vector<PathStep> best_path(const PathWeights& weights, const PartialWeights& completions) const;
    /// Drops every stage and leg through which no path weighs less than or as much as `most`. Returns how many stages
    /// are left.
    std::size_t keep_within(const PathWeights& weights, const PartialWeights& completions, double most);

    [[nodiscard]] std::size_t stages() const { return to_.size(); }
    [[nodiscard]] std::size_t kinds() const { return kinds_; }
    [[nodiscard]] std::size_t cuts() const { return cuts_; }

    /// Stages of a kind from a cut on: positions in the arrays below.
    [[nodiscard]] std::size_t row_begin(std::size_t kind, std::size_t cut) const { return row_[kind * cuts_ + cut]; }
    [[nodiscard]] std::size_t row_end(std::size_t kind, std::size_t cut) const { return row_[kind * cuts_ + cut + 1]; }
    [[nodiscard]] std::size_t to(std::size_t stage) const { return to_[stage]; }
    [[nodiscard]] double time(std::size_t stage) const { return time_[stage]; }
    [[nodiscard]] double cost(std::size_t stage) const { return cost_[stage]; }
    [[nodiscard]] double refill(std::size_t stage) const { return refill_.empty() ? 0.0 : refill_[stage]; }
    [[nodiscard]] double weight(const PathWeights& weights, std::size_t kind, std::size_t stage) const;

    /// Legs from an end (kinds, then the gateway) at a cut, the last one excluded.
    [[nodiscard]] std::size_t legs_begin(std::size_t end, std::size_t cut) const { return leg_row_[end * cuts_ + cut]; }
    [[nodiscard]] std::size_t legs_end(std::size_t end, std::size_t cut) const {
        return leg_row_[end * cuts_ + cut + 1];
    }
    [[nodiscard]] std::size_t leg_to(std::size_t leg) const { return leg_to_[leg]; }
    [[nodiscard]] double leg_time(std::size_t leg) const { return leg_time_[leg]; }
    [[nodiscard]] double leg_cost(std::size_t leg) const { return leg_cost_[leg]; }
    /// Back to the gateway from a kind.
    [[nodiscard]] double last_time(std::size_t kind) const { return last_time_[kind]; }
    [[nodiscard]] double last_cost(std::size_t kind) const { return last_cost_[kind]; }

private:
    [[nodiscard]] double last_weight(const PathWeights& weights, std::size_t kind) const;

    std::size_t kinds_ = 0;
    std::size_t cuts_ = 0;
    std::vector<std::size_t> row_;
    std::vector<std::uint16_t> to_;
    std::vector<double> time_;
    std::vector<double> cost_;
    std::vector<double> refill_;
    std::vector<std::size_t> leg_row_;
    std::vector<std::uint16_t> leg_to_;
    std::vector<double> leg_time_;
    std::vector<double> leg_cost_;
    std::vector<double> last_time_;
    std::vector<double> last_cost_;
};

}  // namespace carbonedge
