#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/threshold_masks.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace carbonedge {

/// Answers whether some pipeline keeps every stage and leg within a threshold, exactly where every group is one kind of
/// node; "no" holds for any groups. For every multiset S of used groups and every group v that comes next it holds the
/// cuts at which a stage on v may begin. They are held as sets and not as the furthest one alone: with unlike links,
/// memory or costs of crossing a cut, a nearer beginning may be the only one that can go on. Groups of many members
/// make few multisets: the product of (members + 1).
class ThresholdProbe {
public:
    /// Keeps a reference.
    ThresholdProbe(const BottleneckGraph& graph, const std::vector<std::vector<std::size_t>>& groups);

    /// Words of 64 cuts that the sets of all states take.
    static double words_needed(const BottleneckGraph& graph, const std::vector<std::vector<std::size_t>>& groups);

    /// Stages within the threshold, on groups in place of nodes; nothing: there are none.
    std::optional<Placement> find(double threshold);

    [[nodiscard]] std::size_t probes() const { return probes_; }
    [[nodiscard]] std::size_t states() const { return states_; }

private:
    [[nodiscard]] CutWord* starts(std::size_t state, std::size_t group) {
        return &starts_[(state * stride_.size() + group) * masks_.words()];
    }
    [[nodiscard]] std::size_t used(std::size_t state, std::size_t group) const {
        return state / stride_[group] % (masks_.members(group) + 1);
    }
    /// The cuts at which stages on a group from any of `begins` may end, into ends_here_. False: none.
    bool find_ends(const CutWord* begins, std::size_t group);
    [[nodiscard]] Placement trace(std::size_t state, std::size_t group);

    const BottleneckGraph& graph_;
    ThresholdMasks masks_;
    std::size_t all_states_ = 1;
    std::vector<std::size_t> stride_;    ///< of each group's count in a state
    std::vector<std::uint16_t> stages_;  ///< per state: nodes used
    std::vector<CutWord> starts_;
    std::vector<CutWord> ends_here_;
    std::size_t probes_ = 0;
    std::size_t states_ = 0;
};

}  // namespace carbonedge
