#pragma once

#include "lib/planner/completion_bounds.h"
#include "lib/planner/search_graph.h"
#include "lib/tradeoff/front_set.h"
#include "lib/tradeoff/weighted_bound.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace carbonedge {

/// What a path costs, A and B joined as the mean latency. False in `simple` where it visits a node twice, has too many
/// stages or breaks the cap.
struct PathOutcome {
    Outcome outcome;
    bool feasible = false;
};
PathOutcome outcome_of(const SearchGraph& graph, const std::vector<PathStep>& path);

using MeetPath = std::function<void(const std::vector<PathStep>&)>;

/// Lower bounds of what is left of a pipeline, for every cut and node: least time, least largest occupancy, and the
/// weighted sums of several prices of latency.
struct FrontBounds {
    Completion time;
    Completion occupancy;
    std::vector<WeightedBound> weighted;  ///< ascending price, the first 0
    std::vector<double> prices;
};

/// Bounds the prices of the ends (latency free, and nearly all that counts) and the slope between them. Feasible paths
/// met on the way go to `meet`. `weighted` is empty where there is no path at all.
FrontBounds front_bounds(const SearchGraph& graph, bool throughput, std::size_t rounds, const MeetPath& meet);

/// Adds prices up to `weights`: the slopes of the lower hull of the outcomes known, the widest sides first, so that the
/// bounds lie along the front.
void refine_bounds(const SearchGraph& graph, FrontBounds& bounds, const std::vector<FrontSet::Entry>& known,
                   std::size_t weights, std::size_t rounds, const MeetPath& meet);

}  // namespace carbonedge
