#pragma once

#include "lib/planner/completion_bounds.h"
#include "lib/planner/search_graph.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace carbonedge {

enum class SearchStatus {
    kOptimal,     ///< `path` is proven best
    kInfeasible,  ///< proven: no path meets the limits (and passes `accept`)
    kStopped,     ///< a cap was reached; `path` may be empty, `lower_bound` still holds
};

struct SearchResult {
    SearchStatus status = SearchStatus::kInfeasible;
    std::vector<PathStep> path;
    double value = 0;
    double lower_bound = 0;
    std::map<std::string, double> counters;
};

/// Says of a complete path whether it also meets what the graph cannot express (a p95 limit).
using AcceptPath = std::function<bool(const std::vector<PathStep>&)>;

/// Best-first search over partial pipelines (labels: sum A, largest refill B, cost, set of used nodes) with completion
/// bounds, a Lagrangian bound and dominance. Exact: the first complete label taken from the queue is optimal. With
/// `accept`, paths come out in increasing value until one is accepted, and dominance is off, because the best accepted
/// path may pass through a dominated label. Deterministic; ties go to the label that is further along, then the older.
SearchResult search_labels(const SearchGraph& graph, const SearchCaps& caps, const AcceptPath& accept = {});

}  // namespace carbonedge
