#pragma once

#include "lib/partition/plan.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// What a limit costs: the least relaxation that lets a better plan in, and what it saves.
struct LimitPrice {
    enum class Kind { kLatencyMean, kLatencyP95, kThroughput, kMaxNodes, kMemory, kOther };
    Kind kind = Kind::kOther;
    std::string text;  ///< "latency <= 50 ms", "memory of green"
    bool binds = false;
    double saving_without = 0;         ///< of the objective, were the limit gone altogether
    std::optional<double> at;          ///< where the next better plan comes in: s, requests/s, nodes, bytes
    std::optional<double> relaxed_by;  ///< |at - limit|
    double saving = 0;                 ///< of that plan
    Placement placement;               ///< that plan

    /// Relaxation for each unit of the objective that it saves.
    [[nodiscard]] std::optional<double> price() const {
        return relaxed_by && saving > 0 ? std::optional(*relaxed_by / saving) : std::nullopt;
    }
};

/// Another plan, and what it costs against the best.
struct Alternative {
    std::string what;                    ///< "next best", "without green", "one node"
    std::optional<Placement> placement;  ///< absent: there is none
    double value = 0;
};

/// A figure, and where the decision changes as it moves.
struct FigureRange {
    std::string what;  ///< "intensity of green", "bandwidth of link high.green"
    enum class Unit { kIntensity, kBandwidth } unit = Unit::kIntensity;
    double now = 0;  ///< g/kWh or B/s; bandwidth 0 is not limited
    std::optional<double> below;
    std::optional<Placement> below_placement;  ///< absent where no plan takes over
    std::optional<double> above;
    std::optional<Placement> above_placement;
};

/// Why a node is used or not.
struct NodeReason {
    std::string node;
    bool used = false;
    std::string reason;
    std::optional<Placement> placement;  ///< best plan without it (used) or with it (unused); absent: none is known
    double value = 0;
};

struct Explanation {
    Placement plan;  ///< as the file has it
    double plan_value = 0;
    std::vector<std::string> broken;  ///< limits that the plan breaks (a policy's plan may)
    Placement best;                   ///< what is explained: the plan, or a better one where there is one
    double best_value = 0;
    bool plan_is_best = false;
    bool proven = true;  ///< no search was cut off
    std::vector<LimitPrice> limits;
    std::vector<Alternative> alternatives;
    std::vector<FigureRange> figures;
    std::vector<NodeReason> nodes;
    std::size_t problems_solved = 0;
};

/// Everything by solving again: no sensitivity of a relaxation stands for a fact. `problem` and `placement` are those
/// of a plan (lib/tradeoff/plan_problem.h). Absent where no plan meets the limits.
std::optional<Explanation> explain_plan(const PlanningProblem& problem, const Placement& placement);

}  // namespace carbonedge
