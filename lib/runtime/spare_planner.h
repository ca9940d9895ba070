#pragma once

#include "lib/partition/plan.h"
#include "lib/planner/cost_table.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"
#include "lib/planner/solve.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace carbonedge {

/// A pipeline that stands in for one of a plan's.
struct Spare {
    Pipeline pipeline;
    double value = 0;                 ///< of a request, in the plan's objective's unit
    Bytes to_load;                    ///< weights of the stages that their nodes do not have yet
    std::vector<std::string> broken;  ///< the plan's limits that it breaks, one line each; memory is never broken
};

/// Which ranges of layers each node holds.
using HeldStages = std::map<std::string, std::set<std::pair<std::size_t, std::size_t>>>;
/// Of pipelines that are open at the same time.
HeldStages held_stages(const std::vector<Pipeline>& pipelines);

/// Finds pipelines that do without some nodes, in the memory that what is held leaves.
class SparePlanner {
public:
    explicit SparePlanner(const Plan& plan);

    /// The best one: the exact planner's answer over the nodes that are left. Where no plan keeps the limits on
    /// latency, throughput and number of nodes these are left out, and broken by the answer. Nothing: no plan fits.
    std::optional<Spare> best(const std::set<std::string>& without, const HeldStages& held);
    /// The one with the least to load, stages of the plan's own cuts or several of them as one; ties go to the lower
    /// value. All of them are tried, at most `kMostTried`. Limits other than memory, pinned and forbidden layers are
    /// stated in `broken`, not kept: an answer that is late is better than none.
    std::optional<Spare> quickest(const std::set<std::string>& without, const HeldStages& held);

    /// Why there is none without these nodes, where that is not for lack of memory: "layer 'l0' is pinned to node
    /// 'n0'". Pins say where layers may run at all, so spares keep them.
    [[nodiscard]] std::optional<std::string> pinned_to(const std::set<std::string>& without) const;

    static constexpr std::size_t kMostTried = 200'000;

private:
    [[nodiscard]] PlanningProblem left(const std::set<std::string>& without, const HeldStages& held) const;
    [[nodiscard]] Spare describe(const Placement& placement, const HeldStages& held) const;
    [[nodiscard]] Bytes to_load(const Placement& placement, const HeldStages& held) const;

    PlanningProblem problem_;
    CostTable table_;
    ScoreReferences references_;
    std::vector<std::size_t> cuts_;  ///< of the plan's pipelines, both ends included
};

}  // namespace carbonedge
