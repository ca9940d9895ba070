#pragma once

#include "lib/partition/plan.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace carbonedge {

/// A stage on a node, by index.
struct BruteStage {
    std::size_t node = 0;
    std::size_t first = 0;
    std::size_t end = 0;
};

/// Costs of one pipeline, written straight from docs/cost_model.md with loops over rows: an oracle that shares no code
/// with the planner or with lib/verify.
struct BruteCost {
    double a = 0;
    double b = 0;
    double bottleneck = 0;
    double joules = 0;
    double grams = 0;
    double worst_memory_excess = 0;  ///< largest need / memory - 1
    double latency() const { return a > b ? a : b; }
};

BruteCost brute_cost(const Plan& problem, const std::vector<BruteStage>& pipeline);

/// Calls `visit` with every pipeline: legal cuts x ordered selections of nodes.
void for_every_pipeline(const Plan& problem, const std::function<void(const std::vector<BruteStage>&)>& visit);

/// Value of `problem.objective`; score references as in docs/cost_model.md.
double brute_value(const Plan& problem, const BruteCost& cost);

/// Memory, mean latency, throughput, number of nodes, pinned and forbidden layers; p95 is the caller's.
bool brute_allowed(const Plan& problem, const std::vector<BruteStage>& pipeline, const BruteCost& cost);

}  // namespace carbonedge
