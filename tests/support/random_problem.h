#pragma once

#include "lib/base/random.h"
#include "lib/partition/plan.h"

#include <cstddef>

namespace carbonedge {

/// Seeded planning inputs for tests and benchmarks. Nothing in them is measured: they exist to be solved in two ways.
struct RandomShape {
    std::size_t layers = 6;
    std::size_t nodes = 3;
    double closed_cuts = 0.15;   ///< share of cuts that are not legal
    double skips = 0.2;          ///< share of layers that also read an older value
    double own_profiles = 0.25;  ///< share of nodes with a profile of their own
    bool throttled = true;       ///< cpus below the threads of the profile
};

/// A plan without pipelines: cluster, profiles and nodes' profiles, no limits.
Plan random_problem(SeededRandom& random, const RandomShape& shape);

}  // namespace carbonedge
