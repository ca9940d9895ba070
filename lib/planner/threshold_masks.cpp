#include "lib/planner/threshold_masks.h"

#include <algorithm>

namespace carbonedge {
namespace {

/// What either may do.
void unite(StageEnds& into, const StageEnds& other) {
    for (std::size_t a = 0; a < into.sure.size(); ++a) {
        into.sure[a] = std::max(into.sure[a], other.sure[a]);
        std::vector<std::size_t> beyond;
        std::set_union(into.beyond[a].begin(), into.beyond[a].end(), other.beyond[a].begin(), other.beyond[a].end(),
                       std::back_inserter(beyond));
        std::erase_if(beyond, [&](std::size_t b) { return b <= into.sure[a]; });
        into.beyond[a] = std::move(beyond);
    }
}

bool is_plain(const StageEnds& ends) {
    for (std::size_t a = 0; a + 1 < ends.sure.size(); ++a) {
        if (!ends.beyond[a].empty() || (a > 0 && ends.sure[a] < ends.sure[a - 1])) return false;
    }
    return true;
}

}  // namespace

bool StageEnds::has(std::size_t from, std::size_t to) const {
    if (to <= from) return false;
    return to <= sure[from] || std::binary_search(beyond[from].begin(), beyond[from].end(), to);
}

ThresholdMasks::ThresholdMasks(const BottleneckGraph& graph, std::vector<std::vector<std::size_t>> groups)
    : graph_(graph), groups_(std::move(groups)), words_(words_for(graph.cuts())) {
    for (const std::vector<std::size_t>& group : groups_) {
        members_.push_back(0);
        for (const std::size_t kind : group) members_.back() += graph.kinds()[kind].members.size();
    }
    legs_.resize(groups_.size() * groups_.size() * words_);
}

void ThresholdMasks::measure(double threshold) {
    ends_.clear();
    for (const std::vector<std::size_t>& group : groups_) {
        StageEnds ends = ends_of_kind(group.front(), threshold);
        for (std::size_t k = 1; k < group.size(); ++k) unite(ends, ends_of_kind(group[k], threshold));
        ends.plain = is_plain(ends);
        ends_.push_back(std::move(ends));
    }
    measure_legs(threshold);
}

StageEnds ThresholdMasks::ends_of_kind(std::size_t v, double threshold) const {
    const BottleneckKind& kind = graph_.kinds()[v];
    StageEnds ends;
    ends.sure.assign(graph_.cuts(), 0);
    ends.beyond.assign(graph_.cuts(), {});
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
            std::vector<std::size_t>& beyond = ends.beyond[a];
            for (std::size_t b = sure + 1; b <= possible; ++b) {
                if (within(a, b, threshold, kind.memory_limit)) beyond.push_back(b);
            }
            // Often the single ones follow without a gap.
            std::size_t run = 0;
            while (run < beyond.size() && beyond[run] == sure + 1 + run) ++run;
            sure += run;
            beyond.erase(beyond.begin(), beyond.begin() + static_cast<std::ptrdiff_t>(run));
        }
        ends.sure[a] = sure;
    }
    return ends;
}

void ThresholdMasks::measure_legs(double threshold) {
    std::fill(legs_.begin(), legs_.end(), 0);
    may_begin_.assign(groups_.size(), 0);
    may_end_.assign(groups_.size(), 0);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (const std::size_t u : groups_[g]) {
            if (graph_.leg_in(u) <= threshold) may_begin_[g] = 1;
            if (graph_.leg_out(u) <= threshold) may_end_[g] = 1;
            for (std::size_t h = 0; h < groups_.size(); ++h) {
                CutWord* cuts = &legs_[(g * groups_.size() + h) * words_];
                for (const std::size_t w : groups_[h]) {
                    if (u == w && graph_.kinds()[u].members.size() < 2) continue;
                    for (std::size_t a = 1; a + 1 < graph_.cuts(); ++a) {
                        if (graph_.leg(u, w, a) <= threshold) add_cut(cuts, a);
                    }
                }
            }
        }
    }
}

}  // namespace carbonedge
