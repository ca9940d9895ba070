#pragma once

#include "lib/partition/plan.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// When a better plan is worth moving to.
struct MovePolicy {
    double least_saving = 0.05;      ///< of the objective's value, relative
    double requests_per_second = 1;  ///< that the saving is earned by
    Seconds payback{3600};           ///< the moving cost must be earned back within this time
    Seconds restart{2};              ///< of one CPU core on each node that gets another stage
};

/// A running pipeline by node name, since its nodes may be gone.
struct RunningStage {
    std::string node;
    LayerRange layers;

    bool operator==(const RunningStage&) const = default;
};
using RunningPipeline = std::vector<RunningStage>;
RunningPipeline running_pipeline(const Cluster& cluster, const Placement& placement);

/// What one node has to be given.
struct StageMove {
    std::string node;
    LayerRange layers;
    Bytes weights;    ///< shipped from the gateway
    Seconds time{0};  ///< shipping and restart
    Joules joules;    ///< link and restart
    GramsCo2e grams;
};

/// What moving from one pipeline to another costs. A stage that its node runs already is not shipped; every other stage
/// is shipped whole from the gateway, over its own link, all of them at the same time.
struct MoveAccount {
    std::vector<StageMove> moves;
    std::vector<std::string> released;  ///< nodes no longer used
    Bytes weights;
    Seconds downtime{0};  ///< the slowest of the moves
    Joules joules;
    GramsCo2e grams;
};
MoveAccount account_of_move(const PlanningProblem& problem, const RunningPipeline& from, const Placement& to,
                            Seconds restart);

enum class MoveVerdict { kStay, kMove, kMustMove };
std::string_view verdict_name(MoveVerdict verdict);  ///< "stay" | "move" | "must move"

/// A decision with its accounting. Values are those of the problem's objective.
struct MoveDecision {
    MoveVerdict verdict = MoveVerdict::kStay;
    std::string reason;                   ///< "saves 1.2 %, less than 5 %"
    std::vector<std::string> broken;      ///< limits that the running pipeline breaks now: it must move
    std::optional<double> running_value;  ///< absent where a node is gone
    std::optional<PlacementCost> running_cost;
    double best_value = 0;
    PlacementCost best_cost;
    MoveAccount account;
    std::optional<Seconds> payback;  ///< until the moving cost is earned back; absent where nothing is saved, or the
                                     ///< objective is neither carbon nor energy

    [[nodiscard]] double saving() const {
        return running_value && *running_value > 0 ? (*running_value - best_value) / *running_value : 0.0;
    }
};

/// Moves where the running pipeline breaks a limit; else where the best saves at least `least_saving` and, with the
/// objectives carbon and energy, the moving cost is earned back within `payback`. Stays where both are one.
MoveDecision decide_move(const PlanningProblem& problem, const RunningPipeline& running, const Placement& best,
                         const MovePolicy& policy);

/// One step of a walk through time.
struct WalkedStep {
    MoveDecision decision;
    Placement placement;     ///< in force after it
    double value = 0;        ///< of a request in force
    double lower_bound = 0;  ///< of any plan at this step
    std::optional<double>
        first_value;  ///< of the pipeline that ran before the first step; absent where it is not allowed
    bool proven = true;
};

/// Decides at each of the clusters in turn (which differ in intensities only) whether to move on from what then runs.
/// Starts from `running`. The problem's own intensities do not count. A step without any plan ends the walk: fewer
/// steps than clusters come back.
std::vector<WalkedStep> walk_through(const PlanningProblem& problem, const RunningPipeline& running,
                                     const std::vector<Cluster>& clusters, const MovePolicy& policy);

}  // namespace carbonedge
