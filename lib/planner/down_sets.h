#pragma once

#include "lib/planner/condensed_graph.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

namespace carbonedge {

/// A set of items that holds the producers of each of its items: what may have run when a pipeline hands over. Costs
/// are those of the set as a whole.
struct DownSetCost {
    double accelerator = 0;
    double cpu = 0;
    double frontier = 0;  ///< cost of the values made inside that somebody outside reads
    std::int64_t memory = 0;
    std::size_t size = 0;
};

/// A store of down-sets of one graph, each once, as bits of its items.
class DownSets {
public:
    explicit DownSets(const CondensedGraph& graph);

    [[nodiscard]] std::size_t size() const { return costs_.size(); }
    [[nodiscard]] std::size_t words() const { return words_; }
    [[nodiscard]] const DownSetCost& cost(std::size_t set) const { return costs_[set]; }
    [[nodiscard]] std::span<const std::uint64_t> bits(std::size_t set) const {
        return {bits_.data() + set * words_, words_};
    }
    [[nodiscard]] bool contains(std::size_t set, std::size_t item) const {
        return (bits_[set * words_ + item / 64] >> (item % 64) & 1) != 0;
    }
    /// Values made inside that somebody outside reads.
    [[nodiscard]] std::span<const std::uint32_t> frontier(std::size_t set) const {
        return {frontier_values_.data() + frontier_starts_[set], frontier_starts_[set + 1] - frontier_starts_[set]};
    }

    /// Adds a set unless it is there. Its cost is added up in the order of the items, so that a larger set never costs
    /// less by rounding.
    void add(std::span<const std::uint64_t> bits);
    /// The same for a set that is known to be new.
    void add_new(std::span<const std::uint64_t> bits, const DownSetCost& cost);

private:
    const CondensedGraph& graph_;
    std::size_t words_;
    std::vector<std::uint64_t> bits_;
    std::vector<DownSetCost> costs_;
    std::vector<std::uint32_t> frontier_values_;
    std::vector<std::size_t> frontier_starts_{0};
    std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;
};

/// The cost of any down-set.
DownSetCost cost_of_down_set(const CondensedGraph& graph, std::span<const std::uint64_t> bits);

/// Walks through the down-sets of a graph, each once, in an order that depends on the graph alone; memory grows with
/// the items, not with the sets. `visit` gets each with its cost; false ends the walk. Returns whether it came to its
/// end.
bool for_each_down_set(const CondensedGraph& graph,
                       const std::function<bool(std::span<const std::uint64_t>, const DownSetCost&)>& visit);

}  // namespace carbonedge
