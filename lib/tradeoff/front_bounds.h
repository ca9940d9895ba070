#pragma once

#include "lib/tradeoff/front_set.h"
#include "lib/tradeoff/trade_graph.h"
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
PathOutcome outcome_of(const TradeGraph& graph, const TradePath& path);

using MeetPath = std::function<void(const TradePath&)>;

/// Lower bounds of what is left of a pipeline, for every cut and node: least time, least largest occupancy, and the
/// weighted sums of several prices of latency.
struct FrontBounds {
    LeastToGo time;
    LeastToGo occupancy;
    std::vector<WeightedBound> weighted;  ///< ascending price, the first 0
    std::vector<double> prices;
};

/// Bounds the prices of the ends (latency free, and nearly all that counts) and the slope between them. Feasible paths
/// met on the way go to `meet`. `weighted` is empty where there is no path at all.
FrontBounds front_bounds(const TradeGraph& graph, bool throughput, std::size_t rounds, const MeetPath& meet);

/// Adds prices up to `weights`: the slopes of the lower hull of the outcomes known, the widest sides first, so that the
/// bounds lie along the front.
void refine_bounds(const TradeGraph& graph, FrontBounds& bounds, const std::vector<FrontSet::Entry>& known,
                   std::size_t weights, std::size_t rounds, const MeetPath& meet);

}  // namespace carbonedge
