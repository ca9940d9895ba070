#include "lib/planner/threshold_probe.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace carbonedge {
namespace {

constexpr std::size_t kWordBits = 64;

bool has_bit(const std::uint64_t* words, std::size_t bit) {
    return (words[bit / kWordBits] >> (bit % kWordBits) & 1U) != 0;
}

void set_bit(std::uint64_t* words, std::size_t bit) { words[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits); }

/// The first set bit from `from` on, or `none`.
std::size_t next_bit(const std::uint64_t* words, std::size_t count, std::size_t from, std::size_t none) {
    std::size_t word = from / kWordBits;
    if (word >= count) return none;
    std::uint64_t left = words[word] & (~std::uint64_t{0} << (from % kWordBits));
    while (left == 0) {
        if (++word == count) return none;
        left = words[word];
    }
    return word * kWordBits + static_cast<std::size_t>(std::countr_zero(left));
}

/// The last set bit up to `to`; there must be one.
std::size_t last_bit(const std::uint64_t* words, std::size_t to) {
    std::size_t word = to / kWordBits;
    std::uint64_t left = words[word] & (~std::uint64_t{0} >> (kWordBits - 1 - to % kWordBits));
    while (left == 0) left = words[--word];
    return word * kWordBits + (kWordBits - 1 - static_cast<std::size_t>(std::countl_zero(left)));
}

}  // namespace

ThresholdProbe::ThresholdProbe(const BottleneckGraph& graph) : graph_(graph) {
    const std::size_t kinds = graph.kinds().size();
    words_ = (graph.cuts() + kWordBits - 1) / kWordBits;
    for (const BottleneckKind& kind : graph.kinds()) {
        stride_.push_back(all_states_);
        all_states_ *= kind.members.size() + 1;
    }
    stages_.resize(all_states_);
    for (std::size_t state = 0; state < all_states_; ++state) {
        std::size_t stages = 0;
        for (std::size_t v = 0; v < kinds; ++v) stages += used(state, v);
        stages_[state] = static_cast<std::uint16_t>(stages);
    }
    starts_.resize(all_states_ * kinds * words_);
    leg_cuts_.resize(kinds * kinds * words_);
    ends_here_.resize(words_);
    ends_.resize(kinds);
}

bool ThresholdProbe::fits(const BottleneckGraph& graph, std::size_t most_words) {
    std::size_t words = graph.kinds().size() * ((graph.cuts() + kWordBits - 1) / kWordBits);
    for (const BottleneckKind& kind : graph.kinds()) {
        if (words > most_words) return false;
        words *= kind.members.size() + 1;
    }
    return words <= most_words;
}

void ThresholdProbe::measure_ends(double threshold) {
    for (std::size_t v = 0; v < ends_.size(); ++v) {
        const BottleneckKind& kind = graph_.kinds()[v];
        Ends& ends = ends_[v];
        ends.sure.assign(graph_.cuts(), 0);
        ends.beyond.assign(graph_.cuts(), {});
        ends.plain = true;
        // The slack keeps the last bits of sums from making a stage sure or impossible that is neither.
        const double slack = kind.occupancy_spread * 1e-9 + threshold * 1e-12;
        const double time_spread = kind.occupancy_spread > 0 ? kind.occupancy_spread + slack : 0.0;
        const double memory_spread = kind.memory_spread > 0 ? kind.memory_spread * (1 + 1e-9) + 1 : 0.0;
        const auto within = [&](std::size_t from, std::size_t to, double most_time, double most_memory) {
            const StageCost cost = graph_.stage(v, from, to);
            return graph_.occupancy(v, cost) <= most_time && cost.memory_bytes <= most_memory;
        };
        std::size_t possible = 0;  // no stage ends after it
        for (std::size_t a = 0; a + 1 < graph_.cuts(); ++a) {
            const auto may_be = [&](std::size_t to) {
                return within(a, to, threshold + time_spread, kind.memory_limit + memory_spread);
            };
            possible = std::clamp(possible, a, kind.open[a]);
            while (possible > a && !may_be(possible)) --possible;
            while (possible < kind.open[a] && may_be(possible + 1)) ++possible;
            std::size_t sure = possible;
            if (time_spread > 0 || memory_spread > 0) {
                const auto is_sure = [&](std::size_t to) {
                    return within(a, to, threshold - time_spread, kind.memory_limit - memory_spread);
                };
                while (sure > a && !is_sure(sure)) --sure;
                for (std::size_t b = sure + 1; b <= possible; ++b) {
                    if (within(a, b, threshold, kind.memory_limit)) ends.beyond[a].push_back(b);
                }
                // Often the single ones follow without a gap.
                std::size_t run = 0;
                while (run < ends.beyond[a].size() && ends.beyond[a][run] == sure + 1 + run) ++run;
                sure += run;
                ends.beyond[a].erase(ends.beyond[a].begin(), ends.beyond[a].begin() + static_cast<std::ptrdiff_t>(run));
            }
            ends.sure[a] = sure;
            ends.plain = ends.plain && ends.beyond[a].empty() && (a == 0 || sure >= ends.sure[a - 1]);
        }
    }
}

void ThresholdProbe::measure_legs(double threshold) {
    const std::size_t kinds = graph_.kinds().size();
    std::fill(leg_cuts_.begin(), leg_cuts_.end(), 0);
    may_begin_.assign(kinds, 0);
    may_end_.assign(kinds, 0);
    for (std::size_t u = 0; u < kinds; ++u) {
        may_begin_[u] = graph_.leg_in(u) <= threshold;
        may_end_[u] = graph_.leg_out(u) <= threshold;
        for (std::size_t w = 0; w < kinds; ++w) {
            if (u == w && graph_.kinds()[u].members.size() < 2) continue;
            Word* cuts = &leg_cuts_[(u * kinds + w) * words_];
            for (std::size_t a = 1; a + 1 < graph_.cuts(); ++a) {
                if (graph_.leg(u, w, a) <= threshold) set_bit(cuts, a);
            }
        }
    }
}

void ThresholdProbe::add_range(std::size_t first, std::size_t last) {
    const std::size_t low = first / kWordBits;
    const std::size_t high = last / kWordBits;
    for (std::size_t word = low; word <= high; ++word) {
        Word mask = ~Word{0};
        if (word == low) mask &= ~Word{0} << (first % kWordBits);
        if (word == high) mask &= ~Word{0} >> (kWordBits - 1 - last % kWordBits);
        ends_here_[word] |= mask;
    }
}

bool ThresholdProbe::find_ends(const Word* begins, std::size_t kind) {
    const Ends& ends = ends_[kind];
    const std::size_t none = graph_.cuts();
    std::size_t a = next_bit(begins, words_, 0, none);
    if (a == none) return false;
    std::fill(ends_here_.begin(), ends_here_.end(), 0);
    bool any = false;
    while (a != none) {
        std::size_t reached = ends.sure[a];
        if (ends.plain) {
            // Of the beginnings within what is reached, the last one reaches furthest.
            const std::size_t first = a;
            while (reached > a) {
                const std::size_t last = last_bit(begins, reached);
                if (last == a) break;
                a = last;
                reached = std::max(reached, ends.sure[a]);
            }
            if (reached > first) {
                add_range(first + 1, reached);
                any = true;
            }
            a = next_bit(begins, words_, std::max(a, reached) + 1, none);
            continue;
        }
        if (reached > a) add_range(a + 1, reached);
        for (const std::size_t b : ends.beyond[a]) set_bit(ends_here_.data(), b);
        any = any || reached > a || !ends.beyond[a].empty();
        a = next_bit(begins, words_, a + 1, none);
    }
    return any;
}

bool ThresholdProbe::ends_at(std::size_t kind, std::size_t from, std::size_t to) const {
    const Ends& ends = ends_[kind];
    if (to <= from) return false;
    return to <= ends.sure[from] || std::binary_search(ends.beyond[from].begin(), ends.beyond[from].end(), to);
}

std::optional<Placement> ThresholdProbe::find(double threshold) {
    ++probes_;
    measure_ends(threshold);
    measure_legs(threshold);
    std::fill(starts_.begin(), starts_.end(), 0);
    const std::size_t kinds = graph_.kinds().size();
    const std::size_t last_cut = graph_.cuts() - 1;
    for (std::size_t v = 0; v < kinds; ++v) {
        if (may_begin_[v] != 0) set_bit(starts(0, v), 0);
    }
    for (std::size_t state = 0; state < all_states_; ++state) {
        if (stages_[state] >= graph_.max_stages()) continue;
        const bool last_stage = stages_[state] + 1U == graph_.max_stages();
        for (std::size_t v = 0; v < kinds; ++v) {
            if (used(state, v) == graph_.kinds()[v].members.size() || !find_ends(starts(state, v), v)) continue;
            ++states_;
            if (may_end_[v] != 0 && has_bit(ends_here_.data(), last_cut)) return trace(state, v);
            if (last_stage) continue;
            const std::size_t next = state + stride_[v];
            for (std::size_t w = 0; w < kinds; ++w) {
                if (used(next, w) == graph_.kinds()[w].members.size()) continue;
                Word* begins = starts(next, w);
                const Word* passable = legs(v, w);
                for (std::size_t word = 0; word < words_; ++word) begins[word] |= ends_here_[word] & passable[word];
            }
        }
    }
    return std::nullopt;
}

Placement ThresholdProbe::trace(std::size_t state, std::size_t kind) {
    Placement placement;
    std::size_t end = graph_.cuts() - 1;
    while (true) {
        std::size_t begin = next_bit(starts(state, kind), words_, 0, end);
        while (!ends_at(kind, begin, end)) begin = next_bit(starts(state, kind), words_, begin + 1, end);
        placement.push_back({kind, {graph_.position(begin), graph_.position(end)}});
        if (state == 0) break;
        // Who may have come before: a kind of the state whose stages end here and whose leg leads on.
        for (std::size_t u = 0; u < graph_.kinds().size(); ++u) {
            if (used(state, u) == 0 || !has_bit(legs(u, kind), begin)) continue;
            const std::size_t before = state - stride_[u];
            if (!find_ends(starts(before, u), u) || !has_bit(ends_here_.data(), begin)) continue;
            state = before;
            kind = u;
            break;
        }
        end = begin;
    }
    std::reverse(placement.begin(), placement.end());
    std::vector<std::size_t> taken(graph_.kinds().size(), 0);
    for (PlacedStage& placed : placement) {
        const std::size_t of_kind = placed.node;
        placed.node = graph_.kinds()[of_kind].members[taken[of_kind]++];
    }
    return placement;
}

}  // namespace carbonedge
