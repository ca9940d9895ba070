#pragma once

#include "lib/planner/cost_table.h"
#include "lib/planner/placement.h"
#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace carbonedge {

/// What threshold probing found out about a problem of Objective::kBottleneck.
struct BottleneckSolution {
    bool feasible = false;   ///< there is a plan within all limits but those on latency
    bool proven = false;     ///< optimal (up to a relative 1e-12) or infeasible, for those limits
    bool complete = true;    ///< false: too many kinds of nodes to try all; another search may know more
    Placement placement;     ///< empty where there is none, or none was found
    double value = 0;        ///< its largest occupancy, seconds
    double lower_bound = 0;  ///< no plan, whatever the limits on latency, is better
    std::map<std::string, double> counters;
};

struct ProbingOptions {
    /// Only plans of a lower value are of interest: where there is none, none is feasible.
    std::optional<double> cutoff;
    /// Asked after every threshold; true ends the work with the best plan so far and the bound proven by then.
    std::function<bool()> out_of_time;
    /// Words of 64 cuts that the states may take: 64 MiB.
    double most_words = 1U << 23U;
};

/// The least largest occupancy of a stage or leg over all pipelines, each node at most once in any order, with memory,
/// pinned and forbidden layers, number of nodes, throughput and given cuts; limits on latency are not looked at. Exact:
/// thresholds are halved between what is proven impossible and the best plan found, until nothing fits just below it.
/// Where the cluster has too many kinds of nodes for that (product of members + 1, times kinds), a beam finds the plan,
/// kinds of like speed are taken together for the bound, kinds that no stage of a better plan could run on are left
/// out, and what is left is tried as before if it has become small enough.
BottleneckSolution probe_bottleneck(const PlanningProblem& problem, const CostTable& table,
                                    const ProbingOptions& options = {});

}  // namespace carbonedge
