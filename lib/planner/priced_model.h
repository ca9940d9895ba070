#pragma once

#include "lib/planner/label_search.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace carbonedge {

/// Shares of what the nodes of a cluster have: memory of each node, then cores of each node. 1 is all of it.
using NodeShares = std::vector<double>;

/// A pipeline for one of several models, with what it takes.
struct FleetCandidate {
    Placement placement;
    double grams_per_second = 0;
    NodeShares use;
};

/// One model among several: its pipelines where memory and cores of nodes have prices.
class PricedModel {
public:
    /// `cores` that requests may take, per node. The objective has to be carbon, with idle power not "full".
    PricedModel(const PlanningProblem& problem, double rate_per_second, const std::vector<double>& cores);

    struct Best {
        std::optional<FleetCandidate> candidate;  ///< absent: none within what is left
        double lower_bound = 0;                   ///< of grams plus prices, also where the search was stopped
        bool stopped = false;
    };
    /// The pipeline of the least grams plus prices, grams a second, whose stages each keep within what is left.
    [[nodiscard]] Best best(const NodeShares& prices, const NodeShares& left);

    struct All {
        std::vector<FleetCandidate> candidates;  ///< without those that another one beats with no more of any share
        std::size_t listed = 0;                  ///< with those
        bool complete = false;  ///< false: more than `most`, or the search was stopped; nothing is given
    };
    /// Every pipeline whose grams plus prices are at most `cutoff`.
    [[nodiscard]] All all_within(const NodeShares& prices, double cutoff, std::size_t most) const;

    [[nodiscard]] const PlanningProblem& problem() const { return problem_; }
    [[nodiscard]] Pipeline describe(const Placement& placement) const {
        return describe_pipeline(problem_, table_, placement);
    }

private:
    [[nodiscard]] SearchGraph priced(const NodeShares& prices, const NodeShares& left) const;
    [[nodiscard]] FleetCandidate candidate(const std::vector<PathStep>& path) const;

    PlanningProblem problem_;
    double rate_;
    CostTable table_;
    SearchGraph graph_;
    std::vector<double> stage_memory_;  ///< shares, by stage of the graph
    std::vector<double> stage_cores_;
    std::vector<std::size_t> stage_node_;
    std::optional<KindPrices> warm_start_;  ///< of the last search
};

/// What a candidate costs when shares have prices: grams a second.
double priced_cost(const FleetCandidate& candidate, const NodeShares& prices);

}  // namespace carbonedge
