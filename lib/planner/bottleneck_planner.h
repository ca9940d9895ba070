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
    bool proven = false;     ///< `placement` is optimal (its value up to a relative 1e-12) for those limits
    Placement placement;     ///< empty where there is none, or time ran out first
    double value = 0;        ///< its largest occupancy, seconds
    double lower_bound = 0;  ///< no plan, whatever the limits on latency, is better
    std::map<std::string, double> counters;
};

struct ProbingOptions {
    /// Only plans of a lower value are of interest: where there is none, none is feasible.
    std::optional<double> cutoff;
    /// Asked after every threshold; true ends the work with the best plan so far and the bound proven by then.
    std::function<bool()> out_of_time;
};

/// The least largest occupancy of a stage or leg over all pipelines, each node at most once in any order, with memory,
/// pinned and forbidden layers, number of nodes, throughput and given cuts; limits on latency are not looked at. Exact:
/// thresholds are halved between what is proven impossible and the best plan found, until nothing fits just below it.
/// Nothing where the cluster has too many kinds of nodes for it (product of members + 1, times kinds): use labels.
std::optional<BottleneckSolution> probe_bottleneck(const PlanningProblem& problem, const CostTable& table,
                                                   const ProbingOptions& options = {});

}  // namespace carbonedge
