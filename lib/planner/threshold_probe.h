#pragma once

#include "lib/planner/bottleneck_graph.h"
#include "lib/planner/placement.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace carbonedge {

/// Answers whether some pipeline keeps every stage and leg within a threshold, exactly. For every multiset S of used
/// kinds and every kind v that comes next it holds the cuts at which a stage on v may begin. They are held as sets and
/// not as the furthest one alone: with unlike links, memory or costs of crossing a cut, a nearer beginning may be the
/// only one that can go on. Kinds of many members make few multisets: the product of (members + 1).
class ThresholdProbe {
public:
    /// Keeps a reference.
    explicit ThresholdProbe(const BottleneckGraph& graph);

    /// Whether the sets of all states fit into `most_words` words of 64 cuts.
    static bool fits(const BottleneckGraph& graph, std::size_t most_words);

    /// A placement whose largest occupancy is at most `threshold`; nothing: there is none.
    std::optional<Placement> find(double threshold);

    [[nodiscard]] std::size_t probes() const { return probes_; }
    [[nodiscard]] std::size_t states() const { return states_; }

private:
    using Word = std::uint64_t;
    /// Where stages of one kind may end, from each cut.
    struct Ends {
        std::vector<std::size_t> sure;                 ///< every cut up to it
        std::vector<std::vector<std::size_t>> beyond;  ///< single cuts after it
        bool plain = true;  ///< nothing beyond, and `sure` never falls: unions of ends are found by leaps
    };

    void measure_ends(double threshold);
    void measure_legs(double threshold);
    [[nodiscard]] Word* starts(std::size_t state, std::size_t kind) {
        return &starts_[(state * graph_.kinds().size() + kind) * words_];
    }
    [[nodiscard]] std::size_t used(std::size_t state, std::size_t kind) const {
        return state / stride_[kind] % (graph_.kinds()[kind].members.size() + 1);
    }
    /// The cuts at which stages on `kind` from any of `begins` may end, into ends_here_. False: none.
    bool find_ends(const Word* begins, std::size_t kind);
    void add_range(std::size_t first, std::size_t last);
    [[nodiscard]] bool ends_at(std::size_t kind, std::size_t from, std::size_t to) const;
    [[nodiscard]] const Word* legs(std::size_t from_kind, std::size_t to_kind) const {
        return &leg_cuts_[(from_kind * graph_.kinds().size() + to_kind) * words_];
    }
    [[nodiscard]] Placement trace(std::size_t state, std::size_t kind);

    const BottleneckGraph& graph_;
    std::size_t words_ = 0;
    std::size_t all_states_ = 1;
    std::vector<std::size_t> stride_;    ///< of each kind's count in a state
    std::vector<std::uint16_t> stages_;  ///< per state: nodes used
    std::vector<Word> starts_;
    std::vector<Word> leg_cuts_;
    std::vector<Word> ends_here_;
    std::vector<Ends> ends_;
    std::vector<char> may_begin_;  ///< per kind: leg from the gateway within the threshold
    std::vector<char> may_end_;
    std::size_t probes_ = 0;
    std::size_t states_ = 0;
};

}  // namespace carbonedge
