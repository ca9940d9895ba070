#include "lib/planner/down_sets.h"

#include <algorithm>

namespace carbonedge {
namespace {

bool has(std::span<const std::uint64_t> bits, std::size_t item) { return (bits[item / 64] >> (item % 64) & 1) != 0; }

std::uint64_t hash_of(std::span<const std::uint64_t> bits) {
    std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
    for (const std::uint64_t word : bits) {
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDULL;
        hash ^= hash >> 32;
    }
    return hash;
}

bool on_frontier(const GraphValue& value, std::span<const std::uint64_t> bits) {
    return has(bits, value.producer) && !std::all_of(value.consumers.begin(), value.consumers.end(),
                                                     [&](std::size_t consumer) { return has(bits, consumer); });
}

/// The walk, one frame for each item of the set at hand.
class Walk {
public:
    explicit Walk(const CondensedGraph& graph)
        : graph_(graph),
          bits_((graph.items.size() + 63) / 64, 0),
          missing_(graph.items.size(), 0),
          unread_(graph.values.size(), 0) {
        for (std::size_t i = 0; i < graph.items.size(); ++i) missing_[i] = graph.items[i].producers.size();
        for (std::size_t v = 0; v < graph.values.size(); ++v) unread_[v] = graph.values[v].consumers.size();
    }

    bool run(const std::function<bool(std::span<const std::uint64_t>, const DownSetCost&)>& visit) {
        Frame root;
        for (std::size_t i = 0; i < graph_.items.size(); ++i) {
            if (missing_[i] == 0) root.ready.push_back(i);
        }
        frames_.push_back(std::move(root));
        if (!visit(bits_, frames_.back().cost)) return false;
        while (!frames_.empty()) {
            Frame& top = frames_.back();
            if (top.next == top.ready.size()) {
                if (top.added != kNone) take_out(top.added);
                frames_.pop_back();
                continue;
            }
            Frame child = put_in(top);
            frames_.push_back(std::move(child));
            if (!visit(bits_, frames_.back().cost)) return false;
        }
        return true;
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    struct Frame {
        std::size_t added = kNone;
        std::vector<std::size_t> ready;  ///< items that may come next, all behind `added`, ascending
        std::size_t next = 0;
        DownSetCost cost;
    };

    Frame put_in(Frame& parent) {
        const std::size_t item = parent.ready[parent.next++];
        const GraphItem& added = graph_.items[item];
        Frame child;
        child.added = item;
        child.ready.assign(parent.ready.begin() + static_cast<std::ptrdiff_t>(parent.next), parent.ready.end());
        const auto old_end = static_cast<std::ptrdiff_t>(child.ready.size());
        for (const std::size_t consumer : added.consumers) {
            if (--missing_[consumer] == 0) child.ready.push_back(consumer);
        }
        std::inplace_merge(child.ready.begin(), child.ready.begin() + old_end, child.ready.end());
        child.cost = parent.cost;
        child.cost.accelerator += added.accelerator;
        child.cost.cpu += added.cpu;
        child.cost.memory += added.memory;
        ++child.cost.size;
        for (const std::size_t value : added.read) {
            if (--unread_[value] == 0) child.cost.frontier -= graph_.values[value].cost;
        }
        for (const std::size_t value : added.made) child.cost.frontier += graph_.values[value].cost;
        bits_[item / 64] |= std::uint64_t{1} << (item % 64);
        return child;
    }

    void take_out(std::size_t item) {
        for (const std::size_t consumer : graph_.items[item].consumers) ++missing_[consumer];
        for (const std::size_t value : graph_.items[item].read) ++unread_[value];
        bits_[item / 64] &= ~(std::uint64_t{1} << (item % 64));
    }

    const CondensedGraph& graph_;
    std::vector<std::uint64_t> bits_;
    std::vector<std::size_t> missing_;  ///< producers not in the set, per item
    std::vector<std::size_t> unread_;   ///< consumers not in the set, per value
    std::vector<Frame> frames_;
};

}  // namespace

DownSets::DownSets(const CondensedGraph& graph) : graph_(graph), words_((graph.items.size() + 63) / 64) {}

void DownSets::add(std::span<const std::uint64_t> bits) {
    const std::uint64_t hash = hash_of(bits);
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto entry = begin; entry != end; ++entry) {
        if (std::equal(bits.begin(), bits.end(), bits_.begin() + static_cast<std::ptrdiff_t>(entry->second * words_))) {
            return;
        }
    }
    by_hash_.emplace(hash, size());
    add_new(bits, cost_of_down_set(graph_, bits));
}

void DownSets::add_new(std::span<const std::uint64_t> bits, const DownSetCost& cost) {
    bits_.insert(bits_.end(), bits.begin(), bits.end());
    costs_.push_back(cost);
    for (std::size_t v = 0; v < graph_.values.size(); ++v) {
        if (on_frontier(graph_.values[v], bits)) frontier_values_.push_back(static_cast<std::uint32_t>(v));
    }
    frontier_starts_.push_back(frontier_values_.size());
}

DownSetCost cost_of_down_set(const CondensedGraph& graph, std::span<const std::uint64_t> bits) {
    DownSetCost cost;
    for (std::size_t i = 0; i < graph.items.size(); ++i) {
        if (!has(bits, i)) continue;
        cost.accelerator += graph.items[i].accelerator;
        cost.cpu += graph.items[i].cpu;
        cost.memory += graph.items[i].memory;
        ++cost.size;
    }
    for (const GraphValue& value : graph.values) {
        if (on_frontier(value, bits)) cost.frontier += value.cost;
    }
    return cost;
}

bool for_each_down_set(const CondensedGraph& graph,
                       const std::function<bool(std::span<const std::uint64_t>, const DownSetCost&)>& visit) {
    return Walk(graph).run(visit);
}

}  // namespace carbonedge
