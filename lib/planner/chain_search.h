#pragma once

#include "lib/planner/graph_bounds.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace carbonedge {

/// What one device runs: the items of a down-set that are not in the one before.
struct ChainLink {
    std::vector<std::uint64_t> down_set;  ///< after it, as bits
    bool accelerator = true;
};

/// A rising chain of down-sets from none to all items: a contiguous plan.
struct Chain {
    double load = 0;  ///< the largest of its devices
    std::vector<ChainLink> links;
};

struct ChainSearchResult {
    std::optional<Chain> best;  ///< absent: no chain within the store has all its loads below the limit
    bool finished = true;       ///< false: stopped at the limit of pairs, `best` is absent
    std::uint64_t pairs = 0;    ///< of down-sets that were looked at
};

/// The chain with the least largest load among those that the store's down-sets form, if that is below `limit`: a
/// dynamic program over (down-set, accelerators used, CPUs used). The store must hold the empty and the full set.
/// O(pairs * (values on a frontier + states)).
ChainSearchResult best_chain(const CondensedGraph& graph, const GraphDevices& devices, const DownSets& store,
                             double limit, std::uint64_t most_pairs);

/// Load of what lies between two down-sets.
double load_between(const CondensedGraph& graph, std::span<const std::uint64_t> before,
                    std::span<const std::uint64_t> after, bool accelerator);

}  // namespace carbonedge
