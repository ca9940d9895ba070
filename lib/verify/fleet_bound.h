#pragma once

#include "lib/partition/fleet_plan.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// What the prices of memory and cores prove that no fleet plan falls below, worked out without the planner: over all
/// models the least of grams and prices together, less what all nodes are worth. Grams a second.
struct FleetPriceBound {
    double bound = 0;
    /// Every model's least is that of a pipeline; otherwise there were too many to try, some model's is the least of
    /// pipelines that may use nodes again, and the prices may prove more than this.
    bool exact = true;
};

/// `most_stages` extensions by a stage, of each model. The members' plans have to hold on their own.
FleetPriceBound fleet_price_bound(const FleetPlan& fleet, std::size_t most_stages = 3'000'000);

}  // namespace carbonedge
