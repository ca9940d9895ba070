#pragma once

#include "lib/partition/plan.h"
#include "lib/planner/planning_problem.h"
#include "lib/tradeoff/replan.h"

#include <optional>
#include <string>

namespace carbonedge {

/// Whether a running plan of one pipeline should move when its cluster changes; as `plan update` decides, from the same
/// figures (docs/cli/plan-update.md).
class Replanner {
public:
    /// A search that takes longer than `time_limit` answers with the best it has. Throws UsageError where the plan has
    /// several pipelines: those are routed, not moved.
    Replanner(const Plan& plan, const MovePolicy& policy, Seconds time_limit);

    struct Step {
        MoveVerdict verdict = MoveVerdict::kStay;
        std::string reason;
        std::optional<Plan> next;  ///< verified; what runs from now on, where it moves
        MoveAccount account;       ///< what moving costs
        double saving = 0;         ///< of the objective's value, relative
    };
    /// The cluster as it is now: other intensities, the same nodes. Where it moves, the next call starts from there
    /// unless take_back() says that the move failed.
    Step decide(const Cluster& cluster);
    void take_back();

    [[nodiscard]] const Plan& running() const { return running_; }

private:
    Plan running_;
    std::optional<Plan> before_;
    PlanningProblem problem_;
    MovePolicy policy_;
    Seconds time_limit_;
};

}  // namespace carbonedge
