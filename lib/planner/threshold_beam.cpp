#include "lib/planner/threshold_beam.h"

#include <algorithm>
#include <cstdint>

namespace carbonedge {
namespace {

constexpr std::size_t kNoParent = ~std::size_t{0};

/// A pipeline whose next stage begins at `cut` on `kind`, which is not among the used ones yet.
struct Partial {
    double waste = 0;
    std::size_t kind = 0;
    std::size_t cut = 0;
    std::size_t parent = kNoParent;
    std::vector<std::uint8_t> used;  ///< per kind
};

std::vector<std::vector<std::size_t>> each_alone(std::size_t kinds) {
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t k = 0; k < kinds; ++k) groups.push_back({k});
    return groups;
}

/// The furthest end of a stage from `from` that a leg can go on from, or `from`.
std::size_t furthest(const StageEnds& ends, const CutWord* passable, std::size_t from) {
    for (std::size_t i = ends.beyond[from].size(); i-- > 0;) {
        if (has_cut(passable, ends.beyond[from][i])) return ends.beyond[from][i];
    }
    const std::size_t last = last_cut(passable, ends.sure[from], from);
    return std::max(from, last);
}

}  // namespace

ThresholdBeam::ThresholdBeam(const BottleneckGraph& graph, std::size_t width)
    : graph_(graph), masks_(graph, each_alone(graph.kinds().size())), width_(width), done_(graph.cuts(), 0) {
    for (std::size_t k = 0; k < graph.kinds().size(); ++k) {
        const double whole = graph.occupancy(k, graph.stage(k, 0, graph.cuts() - 1));
        per_second_.push_back(whole > 0 ? 1.0 / whole : 0.0);
        for (std::size_t cut = 1; cut < graph.cuts(); ++cut) {
            done_[cut] += graph.occupancy(k, graph.stage(k, 0, cut)) * per_second_.back() /
                          static_cast<double>(graph.kinds().size());
        }
    }
}

std::optional<Placement> ThresholdBeam::find(double threshold) {
    masks_.measure(threshold);
    const std::size_t kinds = graph_.kinds().size();
    const std::size_t last = graph_.cuts() - 1;
    std::vector<std::vector<Partial>> levels(1);
    for (std::size_t k = 0; k < kinds; ++k) {
        if (masks_.may_begin(k)) levels[0].push_back({0, k, 0, kNoParent, std::vector<std::uint8_t>(kinds, 0)});
    }
    const auto pipeline_of = [&](std::size_t level, std::size_t index) {
        Placement placement;
        std::size_t end = last;
        for (std::size_t at = level + 1; at-- > 0;) {
            const Partial& partial = levels[at][index];
            placement.push_back({partial.kind, {graph_.position(partial.cut), graph_.position(end)}});
            end = partial.cut;
            index = partial.parent;
        }
        std::reverse(placement.begin(), placement.end());
        return placement;
    };
    for (std::size_t level = 0; level < graph_.max_stages() && !levels[level].empty(); ++level) {
        std::vector<Partial> next;
        for (std::size_t i = 0; i < levels[level].size(); ++i) {
            const Partial& partial = levels[level][i];
            const StageEnds& ends = masks_.ends(partial.kind);
            if (masks_.may_end(partial.kind) && ends.has(partial.cut, last)) return pipeline_of(level, i);
            if (level + 1 == graph_.max_stages()) continue;
            for (std::size_t w = 0; w < kinds; ++w) {
                const std::size_t taken = partial.used[w] + (w == partial.kind ? 1U : 0U);
                if (taken >= masks_.members(w)) continue;
                const std::size_t end = furthest(ends, masks_.legs(partial.kind, w), partial.cut);
                if (end == partial.cut) continue;
                Partial more = partial;
                more.waste += threshold * per_second_[partial.kind] - (done_[end] - done_[partial.cut]);
                ++more.used[partial.kind];
                more.kind = w;
                more.cut = end;
                more.parent = i;
                next.push_back(std::move(more));
            }
        }
        std::stable_sort(next.begin(), next.end(), [](const Partial& left, const Partial& right) {
            if (left.waste != right.waste) return left.waste < right.waste;
            return left.cut > right.cut;
        });
        // Many differ in nothing but the order in which the same nodes came.
        std::vector<Partial> kept;
        for (Partial& partial : next) {
            if (kept.size() == width_) break;
            const bool twin = std::any_of(kept.rbegin(), kept.rend(), [&](const Partial& other) {
                return other.kind == partial.kind && other.cut == partial.cut && other.used == partial.used;
            });
            if (!twin) kept.push_back(std::move(partial));
        }
        levels.push_back(std::move(kept));
    }
    return std::nullopt;
}

}  // namespace carbonedge
