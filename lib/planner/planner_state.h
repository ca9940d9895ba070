#pragma once

#include "lib/planner/planning_problem.h"
#include "lib/planner/solve.h"

#include <memory>
#include <optional>

namespace carbonedge {

/// A problem that is solved again and again with small changes: a front of latency limits, weights, hourly intensities.
/// Tables that a change does not touch are kept, and every solve starts from the prices of the last one. Values and
/// proofs are those of a fresh solve; among plans of equal value the one returned may depend on what was solved before.
class PlannerState {
public:
    /// Throws what check_problem throws.
    explicit PlannerState(PlanningProblem problem);
    ~PlannerState();
    PlannerState(PlannerState&&) noexcept;
    PlannerState& operator=(PlannerState&&) noexcept;

    Solution solve(ExactPlannerOptions options = {});

    /// Takes the intensities of nodes, gateway and links (and nothing else) from a cluster of the same nodes and links.
    /// Costs are computed anew, times and what is allowed are not.
    void change_intensities(const Cluster& cluster);
    void change_latency_limit(std::optional<Nanoseconds> limit);
    void change_objective(Objective objective, double carbon_weight = 0.5);

    [[nodiscard]] const PlanningProblem& problem() const;

private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

}  // namespace carbonedge
