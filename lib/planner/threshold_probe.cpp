#include "lib/planner/threshold_probe.h"

#include <algorithm>

namespace carbonedge {

ThresholdProbe::ThresholdProbe(const BottleneckGraph& graph, const std::vector<std::vector<std::size_t>>& groups)
    : graph_(graph), masks_(graph, groups) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
        stride_.push_back(all_states_);
        all_states_ *= masks_.members(g) + 1;
    }
    stages_.resize(all_states_);
    for (std::size_t state = 0; state < all_states_; ++state) {
        std::size_t stages = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) stages += used(state, g);
        stages_[state] = static_cast<std::uint16_t>(stages);
    }
    starts_.resize(all_states_ * groups.size() * masks_.words());
    ends_here_.resize(masks_.words());
}

double ThresholdProbe::words_needed(const BottleneckGraph& graph, const std::vector<std::vector<std::size_t>>& groups) {
    double words = static_cast<double>(groups.size() * words_for(graph.cuts()));
    for (const std::vector<std::size_t>& group : groups) {
        double members = 0;
        for (const std::size_t kind : group) members += static_cast<double>(graph.kinds()[kind].members.size());
        words *= members + 1;
    }
    return words;
}

bool ThresholdProbe::find_ends(const CutWord* begins, std::size_t group) {
    const StageEnds& ends = masks_.ends(group);
    const std::size_t none = graph_.cuts();
    std::size_t a = next_cut(begins, masks_.words(), 0, none);
    if (a == none) return false;
    std::fill(ends_here_.begin(), ends_here_.end(), 0);
    bool any = false;
    while (a != none) {
        std::size_t reached = ends.sure[a];
        if (ends.plain) {
            // Of the beginnings within what is reached, the last one reaches furthest.
            const std::size_t first = a;
            while (reached > a) {
                const std::size_t last = last_cut(begins, reached, a);
                if (last == a) break;
                a = last;
                reached = std::max(reached, ends.sure[a]);
            }
            if (reached > first) {
                add_cuts(ends_here_.data(), first + 1, reached);
                any = true;
            }
            a = next_cut(begins, masks_.words(), std::max(a, reached) + 1, none);
            continue;
        }
        if (reached > a) add_cuts(ends_here_.data(), a + 1, reached);
        for (const std::size_t b : ends.beyond[a]) add_cut(ends_here_.data(), b);
        any = any || reached > a || !ends.beyond[a].empty();
        a = next_cut(begins, masks_.words(), a + 1, none);
    }
    return any;
}

std::optional<Placement> ThresholdProbe::find(double threshold) {
    ++probes_;
    masks_.measure(threshold);
    std::fill(starts_.begin(), starts_.end(), 0);
    const std::size_t groups = stride_.size();
    const std::size_t words = masks_.words();
    for (std::size_t v = 0; v < groups; ++v) {
        if (masks_.may_begin(v)) add_cut(starts(0, v), 0);
    }
    for (std::size_t state = 0; state < all_states_; ++state) {
        if (stages_[state] >= graph_.max_stages()) continue;
        const bool last_stage = stages_[state] + 1U == graph_.max_stages();
        for (std::size_t v = 0; v < groups; ++v) {
            if (used(state, v) == masks_.members(v) || !find_ends(starts(state, v), v)) continue;
            ++states_;
            if (masks_.may_end(v) && has_cut(ends_here_.data(), graph_.cuts() - 1)) return trace(state, v);
            if (last_stage) continue;
            const std::size_t next = state + stride_[v];
            for (std::size_t w = 0; w < groups; ++w) {
                if (used(next, w) == masks_.members(w)) continue;
                CutWord* begins = starts(next, w);
                const CutWord* passable = masks_.legs(v, w);
                for (std::size_t word = 0; word < words; ++word) begins[word] |= ends_here_[word] & passable[word];
            }
        }
    }
    return std::nullopt;
}

Placement ThresholdProbe::trace(std::size_t state, std::size_t group) {
    Placement placement;
    const std::size_t words = masks_.words();
    std::size_t end = graph_.cuts() - 1;
    while (true) {
        const StageEnds& ends = masks_.ends(group);
        std::size_t begin = next_cut(starts(state, group), words, 0, end);
        while (!ends.has(begin, end)) begin = next_cut(starts(state, group), words, begin + 1, end);
        placement.push_back({group, {graph_.position(begin), graph_.position(end)}});
        if (state == 0) break;
        // Who may have come before: a group of the state whose stages end here and whose leg leads on.
        for (std::size_t u = 0; u < stride_.size(); ++u) {
            if (used(state, u) == 0 || !has_cut(masks_.legs(u, group), begin)) continue;
            const std::size_t before = state - stride_[u];
            if (!find_ends(starts(before, u), u) || !has_cut(ends_here_.data(), begin)) continue;
            state = before;
            group = u;
            break;
        }
        end = begin;
    }
    std::reverse(placement.begin(), placement.end());
    return placement;
}

}  // namespace carbonedge
