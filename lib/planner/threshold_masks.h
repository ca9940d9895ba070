#pragma once

#include "lib/planner/bottleneck_graph.h"
#include "lib/planner/cut_sets.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Where stages of one kind of node may end, from each cut, within a threshold.
struct StageEnds {
    std::vector<std::size_t> sure;                 ///< every cut up to it
    std::vector<std::vector<std::size_t>> beyond;  ///< single cuts after it, ascending
    bool plain = true;  ///< nothing beyond, and `sure` never falls: unions of ends are found by leaps

    [[nodiscard]] bool has(std::size_t from, std::size_t to) const;
};

/// What a threshold on every stage and leg allows, by kinds of nodes or by groups of kinds. A group may do what any of
/// its kinds may, and has as many members as they have together: with more than one kind in a group that is more than
/// real nodes can do, so what is impossible for groups is impossible.
class ThresholdMasks {
public:
    /// Keeps a reference. `groups` are kinds, each in one group at most.
    ThresholdMasks(const BottleneckGraph& graph, std::vector<std::vector<std::size_t>> groups);

    void measure(double threshold);

    [[nodiscard]] const std::vector<std::vector<std::size_t>>& groups() const { return groups_; }
    [[nodiscard]] std::size_t members(std::size_t group) const { return members_[group]; }
    [[nodiscard]] std::size_t words() const { return words_; }
    [[nodiscard]] const StageEnds& ends(std::size_t group) const { return ends_[group]; }
    /// Cuts at which a stage on one may be followed by a stage on the other.
    [[nodiscard]] const CutWord* legs(std::size_t from, std::size_t to) const {
        return &legs_[(from * groups_.size() + to) * words_];
    }
    [[nodiscard]] bool may_begin(std::size_t group) const { return may_begin_[group] != 0; }
    [[nodiscard]] bool may_end(std::size_t group) const { return may_end_[group] != 0; }

private:
    [[nodiscard]] StageEnds ends_of_kind(std::size_t kind, double threshold) const;
    void measure_legs(double threshold);

    const BottleneckGraph& graph_;
    std::vector<std::vector<std::size_t>> groups_;
    std::vector<std::size_t> members_;
    std::size_t words_ = 0;
    std::vector<StageEnds> ends_;
    std::vector<CutWord> legs_;
    std::vector<char> may_begin_;
    std::vector<char> may_end_;
};

}  // namespace carbonedge
