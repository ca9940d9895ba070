#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/planner/search_graph.h"

#include <functional>
#include <optional>

namespace carbonedge {

/// Solves variants of one problem whose values must stay comparable: the references of Objective::kScore are those of
/// the first. Remembers whether any search was cut off.
class Resolving {
public:
    /// Throws what check_problem throws.
    explicit Resolving(const PlanningProblem& problem);

    struct Found {
        Placement placement;
        double value = 0;
    };
    /// The best plan of a variant, where its value is below the cutoff.
    std::optional<Found> best(const PlanningProblem& variant, std::optional<double> cutoff = {});
    /// The same in a graph that `edit` has changed.
    std::optional<Found> best_edited(const PlanningProblem& variant, std::optional<double> cutoff,
                                     const std::function<void(SearchGraph&, const CostTable&)>& edit);

    [[nodiscard]] double value(const PlanningProblem& variant, const Placement& placement) const;
    [[nodiscard]] const ScoreReferences& references() const { return references_; }
    [[nodiscard]] bool cut_off() const { return cut_off_; }
    [[nodiscard]] std::size_t solved() const { return solved_; }

private:
    ScoreReferences references_;
    bool cut_off_ = false;
    std::size_t solved_ = 0;
};

/// Where a decision changes as one figure moves from what it is.
struct BreakEven {
    double at = 0;                       ///< to a relative 1e-9
    std::optional<Placement> successor;  ///< the plan that takes over; absent: the plan breaks a limit, and is no more
};

/// How a problem looks with a figure at `x`.
using FigureSet = std::function<PlanningProblem(double x)>;

/// The first change of the decision `placement` (best at `from`) on the way to `far`: it breaks a limit, or another
/// plan is better. Absent where it stands all the way. A plan found better far out is followed back to where it stops
/// being better, and the problem is solved again there, until nothing is: exact where each plan's advantage is monotone
/// on the way, as it is for intensities (values are straight lines) and bandwidths.
std::optional<BreakEven> break_even(Resolving& resolving, const FigureSet& set, const Placement& placement, double from,
                                    double far);

}  // namespace carbonedge
