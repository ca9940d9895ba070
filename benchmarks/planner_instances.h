#pragma once

#include "lib/planner/planning_problem.h"

#include <cstddef>
#include <cstdint>

namespace carbonedge {

/// Seeded planning problems for benchmarks: nothing in them is measured. A chain of layers with log-normal times, bytes
/// and weights; nodes whose speed spans a factor of 20, grids of 20 to 700 g/kWh, access links of 20 Mbit/s to
/// 1 Gbit/s of which a transfer gets the slower; memory for a part of the model; throughput of at least a third of what
/// the nodes could do together; mean latency at most 1.5 times the relaxed least.
struct InstanceShape {
    std::size_t layers = 100;
    std::size_t nodes = 8;
    std::size_t kinds = 0;   ///< so many kinds of equal nodes; 0: all differ
    bool throttled = false;  ///< CPU quotas below the threads
    bool limits = true;      ///< latency and throughput
    double slo_factor = 1.5;
};

PlanningProblem planning_instance(const InstanceShape& shape, Objective objective, std::uint64_t seed);

}  // namespace carbonedge
