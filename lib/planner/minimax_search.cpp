#include "lib/planner/minimax_search.h"

#include "lib/planner/reduced_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <queue>

namespace carbonedge {
namespace {

/// A bound this close to the incumbent cannot hide a plan that differs beyond rounding.
constexpr double kSameValue = 1e-12;
constexpr std::size_t kBeamWidth = 8;
constexpr std::uint32_t kNoParent = 0xFFFFFFFFU;

/// A partial pipeline whose last stage ended at `cut` on `node`; complete where cut is the last.
struct Label {
    double sum = 0;      ///< A so far
    double largest = 0;  ///< occupancy so far
    double bound = 0;    ///< no completion is better
    std::uint64_t used = 0;
    std::uint32_t parent = kNoParent;
    std::uint16_t node = 0;
    std::uint16_t from = 0;
    std::uint16_t cut = 0;
    bool dominated = false;
};

bool dominates(const Label& left, const Label& right) {
    return left.sum <= right.sum && left.largest <= right.largest && (left.used & ~right.used) == 0;
}

/// Least largest occupancy of what is left, nodes used again.
PartialWeights least_maximum(const SearchGraph& graph) {
    const std::size_t cuts = graph.cuts;
    PartialWeights result;
    result.start.assign(graph.kinds * cuts, kNotAllowed);
    result.end.assign(graph.kinds * cuts, kNotAllowed);
    for (std::size_t v = 0; v < graph.kinds; ++v) {
        result.end[v * cuts + cuts - 1] = graph.leg_time[graph.leg_index(v, graph.gateway(), cuts - 1)];
    }
    for (std::size_t a = cuts - 1; a-- > 0;) {
        for (std::size_t w = 0; w < graph.kinds; ++w) {
            double best = kNotAllowed;
            const std::size_t row = graph.row[w * cuts + a];
            for (std::size_t i = 0; i < graph.row_size(w, a); ++i) {
                if (graph.refill(row + i) > graph.refill_cap) continue;
                best = std::min(best, std::max(graph.stage_occupancy[row + i], result.end[w * cuts + a + 1 + i]));
            }
            result.start[w * cuts + a] = best;
        }
        for (std::size_t v = 0; v <= graph.kinds; ++v) {
            double best = kNotAllowed;
            for (std::size_t w = 0; w < graph.kinds; ++w) {
                const double leg = graph.leg_time[graph.leg_index(v, w, a)];
                best = std::min(best, std::max(leg, result.start[w * cuts + a]));
            }
            if (v < graph.kinds) {
                if (a > 0) result.end[v * cuts + a] = best;
            } else if (a == 0) {
                result.root = best;
            }
        }
    }
    return result;
}

class Search {
public:
    Search(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes)
        : graph_(graph), caps_(caps), wishes_(wishes), accept_(wishes.accept), buckets_(graph.kinds * graph.cuts) {
        incumbent_ = wishes.cutoff;
        sum_counts_ = graph.latency_cap < kNotAllowed;  // else it must not keep labels apart
    }

    SearchResult run() {
        if (!prepare()) return finish(SearchStatus::kInfeasible);
        if (!closed()) beam();
        labels_.clear();
        if (enough()) return finish(SearchStatus::kStopped);
        if (!closed()) return best_first();
        return finish(incumbent_path_.empty() ? SearchStatus::kInfeasible : SearchStatus::kOptimal);
    }

private:
    /// Bounds and first incumbents. False: no path meets the limits even when nodes may be used again.
    bool prepare() {
        const std::vector<double> nothing(graph_.kinds, 0.0);
        time_ = ReducedGraph(graph_).completions({0.0, 1.0, {}, nothing});
        if (time_.root > graph_.latency_cap || time_.root >= kNotAllowed) return false;
        if (!wishes_.known_path.empty()) offer(wishes_.known_path);
        for (std::size_t v = 0; v < graph_.kinds; ++v) {
            offer({{v, 0, graph_.cuts - 1}});
        }
        largest_ = least_maximum(graph_);
        root_bound_ = std::max(largest_.root, work_bound(0, 0));
        return true;
    }

    [[nodiscard]] bool enough() const {
        return (wishes_.any_plan && !incumbent_path_.empty()) || (wishes_.out_of_time && wishes_.out_of_time());
    }

    [[nodiscard]] bool closed() const {
        return incumbent_ < kNotAllowed && root_bound_ >= incumbent_ - std::abs(incumbent_) * kSameValue;
    }

    /// Takes a complete path as incumbent where it is feasible, better and accepted.
    void offer(const std::vector<PathStep>& path) {
        const PathValue value = evaluate_path(graph_, path);
        if (!value.feasible || value.value >= incumbent_) return;
        if (accept_) {
            ++replays_;
            if (!accept_(path)) return;
        }
        incumbent_ = value.value;
        incumbent_path_ = path;
    }

    /// The nodes not in `used` together cannot do the rows from cut `a` on faster: a bound on their largest occupancy.
    [[nodiscard]] double work_bound(std::size_t a, std::uint64_t used) const {
        double bound = 0;
        for (const std::size_t measure : {SearchGraph::kQuotaOrWall, SearchGraph::kWall}) {
            if (graph_.work[measure][a] <= 0) continue;
            double rate = 0;
            for (std::size_t v = 0; v < graph_.kinds; ++v) {
                if ((used >> v & 1U) == 0) rate += graph_.work_rate[measure][v * graph_.cuts + a];
            }
            bound = std::max(bound, rate > 0 ? graph_.work[measure][a] / rate * (1 - kSameValue) : kNotAllowed);
        }
        return bound;
    }

    [[nodiscard]] double bound_of(const Label& label, double sum) const {
        const std::size_t at = label.node * graph_.cuts + label.cut;
        sum += time_.end[at];
        if (sum > graph_.latency_cap || sum >= kNotAllowed) return kNotAllowed;
        const double bound = std::max(label.largest, largest_.end[at]);
        return bound >= incumbent_ ? bound : std::max(bound, work_bound(label.cut, label.used));
    }

    [[nodiscard]] bool hopeless(double bound) const {
        return bound >= kNotAllowed || bound >= incumbent_ - std::abs(incumbent_) * kSameValue;
    }

    /// Calls `take` with every extension of a label by one stage that may still beat the incumbent.
    template <class Take>
    void extend(const Label* label, std::uint32_t id, Take take) {
        const std::size_t from = label != nullptr ? label->node : graph_.gateway();
        const std::size_t a = label != nullptr ? label->cut : 0;
        const std::uint64_t used = label != nullptr ? label->used : 0;
        const Label base = label != nullptr ? *label : Label{};
        const auto stages = static_cast<std::size_t>(std::popcount(used));
        if (stages >= graph_.max_stages) return;
        const std::size_t last = graph_.cuts - 1;
        for (std::size_t w = 0; w < graph_.kinds; ++w) {
            if (used >> w & 1U) continue;
            const double leg_time = graph_.leg_time[graph_.leg_index(from, w, a)];
            if (leg_time >= kNotAllowed) continue;
            if (base.sum + leg_time + time_.start[w * graph_.cuts + a] > graph_.latency_cap) continue;
            for (std::size_t b = stages + 1 == graph_.max_stages ? last : a + 1; b - a - 1 < graph_.row_size(w, a);
                 ++b) {
                const std::size_t stage = graph_.stage_index(w, a, b);
                if (graph_.stage_time[stage] >= kNotAllowed || graph_.refill(stage) > graph_.refill_cap) continue;
                Label next;
                const double sum = base.sum + leg_time + graph_.stage_time[stage];
                if (sum_counts_) next.sum = sum;
                next.largest = std::max({base.largest, leg_time, graph_.stage_occupancy[stage]});
                next.used = used | std::uint64_t{1} << w;
                next.parent = id;
                next.node = static_cast<std::uint16_t>(w);
                next.from = static_cast<std::uint16_t>(a);
                next.cut = static_cast<std::uint16_t>(b);
                ++evaluated_;
                next.bound = std::max(base.bound, bound_of(next, sum));
                if (!hopeless(next.bound)) take(next);
            }
        }
    }

    std::vector<PathStep> path_of(const Label& label) const {
        std::vector<PathStep> path;
        for (const Label* at = &label;; at = &labels_[at->parent]) {
            path.push_back({at->node, at->from, at->cut});
            if (at->parent == kNoParent) break;
        }
        std::reverse(path.begin(), path.end());
        return path;
    }

    /// A forward pass that keeps the few best labels at every cut: a good incumbent prunes most of the exact search.
    void beam() {
        std::vector<std::vector<Label>> at_cut(graph_.cuts);
        const auto keep = [&](const Label& label) {
            if (label.cut + 1U == graph_.cuts) {
                offer(path_of(label));
                return;
            }
            std::vector<Label>& here = at_cut[label.cut];
            const auto worse = [](const Label& left, const Label& right) { return left.bound < right.bound; };
            if (here.size() == kBeamWidth && !(label.bound < here.back().bound)) return;
            here.insert(std::upper_bound(here.begin(), here.end(), label, worse), label);
            if (here.size() > kBeamWidth) here.pop_back();
        };
        extend(nullptr, kNoParent, keep);
        for (std::size_t a = 1; a + 1 < graph_.cuts; ++a) {
            for (const Label& label : at_cut[a]) {
                if (hopeless(label.bound)) continue;
                labels_.push_back(label);
                extend(&label, static_cast<std::uint32_t>(labels_.size() - 1), keep);
            }
        }
        counters_["states evaluated by the beam"] = static_cast<double>(evaluated_);
        evaluated_ = 0;
    }

    [[nodiscard]] bool is_dominated(const Label& label) const {
        for (const std::uint32_t other : buckets_[label.node * graph_.cuts + label.cut]) {
            if (!labels_[other].dominated && dominates(labels_[other], label)) return true;
        }
        return false;
    }

    void insert(const Label& label) {
        const bool complete = label.cut + 1U == graph_.cuts;
        Label kept = label;
        if (complete) {  // the bound becomes the value
            const PathValue value = evaluate_path(graph_, path_of(label));
            if (!value.feasible || hopeless(value.value)) return;
            kept.bound = value.value;
            if (!accept_) {
                incumbent_ = value.value;
                incumbent_path_ = path_of(label);
                return;
            }
        } else if (!accept_) {
            if (is_dominated(label)) {
                ++dominated_;
                return;
            }
            std::vector<std::uint32_t>& bucket = buckets_[label.node * graph_.cuts + label.cut];
            std::erase_if(bucket, [&](std::uint32_t other) {
                if (!dominates(label, labels_[other])) return false;
                labels_[other].dominated = true;
                ++dominated_;
                return true;
            });
            bucket.push_back(static_cast<std::uint32_t>(labels_.size()));
        }
        labels_.push_back(kept);
        queue_.push({kept.bound, static_cast<std::uint32_t>(labels_.size() - 1), kept.cut});
    }

    SearchResult best_first() {
        extend(nullptr, kNoParent, [&](const Label& label) { insert(label); });
        std::size_t turn = 0;
        while (!queue_.empty()) {
            const Entry entry = queue_.top();
            if (hopeless(entry.bound)) break;
            root_bound_ = std::max(root_bound_, entry.bound);
            if (labels_.size() > caps_.labels || replays_ > caps_.replays || (turn++ % 64 == 0 && enough()))
                return finish(SearchStatus::kStopped);
            queue_.pop();
            const Label label = labels_[entry.label];
            if (label.dominated) continue;
            if (label.cut + 1U == graph_.cuts) {
                offer(path_of(label));
                continue;
            }
            ++expanded_;
            extend(&label, entry.label, [&](const Label& next) { insert(next); });
        }
        return finish(incumbent_path_.empty() ? SearchStatus::kInfeasible : SearchStatus::kOptimal);
    }

    SearchResult finish(SearchStatus status) {
        SearchResult result;
        result.status = status;
        if (!incumbent_path_.empty()) {
            result.path = incumbent_path_;
            result.value = incumbent_;
        }
        result.lower_bound = status == SearchStatus::kOptimal ? incumbent_ : std::min(root_bound_, incumbent_);
        counters_["states evaluated"] = static_cast<double>(evaluated_);
        counters_["labels kept"] = static_cast<double>(labels_.size());
        counters_["labels expanded"] = static_cast<double>(expanded_);
        counters_["labels dominated"] = static_cast<double>(dominated_);
        if (accept_) counters_["plans replayed"] = static_cast<double>(replays_);
        result.counters = std::move(counters_);
        return result;
    }

    struct Entry {
        double bound = 0;
        std::uint32_t label = 0;
        std::uint16_t cut = 0;
    };
    struct Later {
        bool operator()(const Entry& left, const Entry& right) const {
            if (left.bound != right.bound) return left.bound > right.bound;
            return left.cut != right.cut ? left.cut < right.cut : left.label > right.label;
        }
    };

    const SearchGraph& graph_;
    const SearchCaps& caps_;
    const SearchWishes& wishes_;
    const AcceptPath& accept_;
    PartialWeights time_;
    PartialWeights largest_;
    bool sum_counts_ = true;
    double root_bound_ = 0;
    double incumbent_ = kNotAllowed;
    std::vector<PathStep> incumbent_path_;
    std::vector<Label> labels_;
    std::vector<std::vector<std::uint32_t>> buckets_;
    std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
    std::size_t evaluated_ = 0;
    std::size_t expanded_ = 0;
    std::size_t dominated_ = 0;
    std::size_t replays_ = 0;
    std::map<std::string, double> counters_;
};

}  // namespace

SearchResult search_minimax(const SearchGraph& graph, const SearchCaps& caps, const SearchWishes& wishes) {
    return Search(graph, caps, wishes).run();
}

}  // namespace carbonedge
