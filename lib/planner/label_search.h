#pragma once

#include "lib/planner/planning_problem.h"
#include "lib/planner/prices.h"
#include "lib/planner/search_graph.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

enum class SearchStatus {
    kOptimal,     ///< `path` is proven best
    kInfeasible,  ///< proven: no path meets the limits (and passes `accept`, and is below the cutoff)
    kStopped,     ///< a cap was reached, or any plan was enough; `path` may be empty, `lower_bound` still holds
};

struct SearchResult {
    SearchStatus status = SearchStatus::kInfeasible;
    std::vector<PathStep> path;
    double value = 0;
    double lower_bound = 0;
    /// What `prices` prove without any search, and the relaxed path that attains it; with SearchWishes::certify.
    double priced_bound = -kNotAllowed;
    KindPrices prices;
    std::vector<PathStep> relaxed_path;
    std::map<std::string, double> counters;
};

/// Says of a complete path whether it also meets what the graph cannot express (a p95 limit).
using AcceptPath = std::function<bool(const std::vector<PathStep>&)>;

/// What a caller wants of a search, and what it knows beforehand.
struct SearchWishes {
    AcceptPath accept;
    std::function<bool()> out_of_time;  ///< asked now and then; true ends the search
    std::optional<KindPrices> warm_start;
    std::vector<PathStep> known_path;  ///< tried first
    double cutoff = kNotAllowed;       ///< only lower values are of interest
    bool any_plan = false;             ///< the first one below the cutoff will do
    bool certify = false;              ///< evaluate the prices on the whole graph
};

/// The best path of a graph whose value is a sum (not minimax). Prices by dual ascent, incumbents by beams, stages that
/// no better plan can use dropped, then best-first search over partial plans with dominance, alternating while prices
/// still get better. Exact: it ends when the best open bound reaches the incumbent. With `accept`, paths come out in
/// increasing value until one is accepted, and dominance is off, because the best accepted path may pass through a
/// dominated one; the graph should then tell all nodes apart. Deterministic unless `out_of_time` cuts it short.
SearchResult search_labels(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes = {});

}  // namespace carbonedge
