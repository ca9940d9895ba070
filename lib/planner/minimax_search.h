#pragma once

#include "lib/planner/label_search.h"

namespace carbonedge {

/// The best path of a minimax graph (least largest occupancy), which must tell all nodes apart. Best-first over partial
/// plans with relaxed completions, work bounds and dominance; `wishes` as in search_labels (prices do not count).
SearchResult search_minimax(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes = {});

}  // namespace carbonedge
