#pragma once

#include "lib/planner/prices.h"
#include "lib/planner/reduced_graph.h"
#include "lib/planner/search_graph.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonedge {

inline constexpr std::uint32_t kNoParent = 0xFFFFFFFFU;

/// A pipeline up to the end of a stage on `kind` at `cut`; complete where that is the last cut.
struct PartialPlan {
    double sum = 0;          ///< A so far
    double slow = 0;         ///< B so far
    double cost = 0;         ///< additive cost
    double weight = 0;       ///< latency weight of the nodes used
    double priced = 0;       ///< under the prices of the bound
    double bound = 0;        ///< no completion has a lower value
    std::uint64_t used = 0;  ///< a bit per node; the members of a kind are taken in order
    std::uint32_t parent = kNoParent;
    std::uint16_t kind = 0;
    std::uint16_t from = 0;
    std::uint16_t cut = 0;
    bool dominated = false;
};

/// Extends partial plans by a stage, with bounds on what they can become.
class PlanExtender {
public:
    /// Keeps references. `weights` and `offset` are those of the prices, `completions` their completions.
    PlanExtender(const SearchGraph& graph, const ReducedGraph& reduced, const LatencyFloor& floor,
                 const PathWeights& weights, double offset, const PartialWeights& completions);

    /// From now on the stages of a row are tried best first, so that a row can be left early.
    void sort_rows();

    /// Calls `take` with every extension of `plan` (nullptr: of nothing) whose bound is below `most()`. At most
    /// `kinds` kinds are tried, those of the best bounds (unsorted rows only).
    template <class Most, class Take>
    void extend(const PartialPlan* plan, std::uint32_t id, std::size_t kinds, const Most& most, const Take& take);

    /// Nodes that some stage from a cut on may still use.
    [[nodiscard]] std::uint64_t useful_nodes(std::size_t cut) const { return useful_[cut]; }
    [[nodiscard]] std::size_t evaluated() const { return evaluated_; }
    [[nodiscard]] bool sum_counts() const { return sum_counts_; }
    [[nodiscard]] bool count_stages() const { return count_stages_; }

private:
    struct Candidate {
        double bound = 0;
        std::size_t leg = 0;
    };
    [[nodiscard]] double work_bound(std::size_t cut, std::uint64_t used) const;
    /// The bit of a kind's next free member; 0: none is left.
    [[nodiscard]] std::uint64_t next_member(std::size_t kind, std::uint64_t used) const {
        const std::uint64_t free = kind_nodes_[kind] & ~used;
        return free & (~free + 1);
    }

    const SearchGraph& graph_;
    const ReducedGraph& reduced_;
    const PathWeights& weights_;
    double offset_ = 0;
    const PartialWeights& priced_;
    PartialWeights time_;
    PartialWeights cost_;
    std::vector<std::uint64_t> kind_nodes_;
    std::vector<std::uint64_t> useful_;
    std::vector<double> key_;  ///< of a stage: its weight and the least completion behind it
    std::vector<std::uint32_t> order_;
    std::vector<Candidate> candidates_;
    bool sorted_ = false;
    bool latency_counts_ = false;
    bool sum_counts_ = false;
    bool count_stages_ = false;
    std::size_t evaluated_ = 0;
};

template <class Most, class Take>
void PlanExtender::extend(const PartialPlan* plan, std::uint32_t id, std::size_t kinds, const Most& most,
                          const Take& take) {
    const PartialPlan base = plan != nullptr ? *plan : PartialPlan{};
    const std::size_t from = plan != nullptr ? base.kind : graph_.gateway();
    const std::size_t a = plan != nullptr ? base.cut : 0;
    const std::size_t cuts = graph_.cuts;
    const auto stages = static_cast<std::size_t>(std::popcount(base.used));
    if (stages >= graph_.max_stages) return;
    const bool must_end = stages + 1 == graph_.max_stages;
    candidates_.clear();
    for (std::size_t leg = reduced_.legs_begin(from, a); leg < reduced_.legs_end(from, a); ++leg) {
        const std::size_t w = reduced_.leg_to(leg);
        if (next_member(w, base.used) == 0) continue;
        const double bound = base.priced + reduced_.leg_cost(leg) + weights_.sum * reduced_.leg_time(leg) +
                             priced_.start[w * cuts + a] - offset_;
        if (!(bound < most()) || base.sum + reduced_.leg_time(leg) + time_.start[w * cuts + a] > graph_.latency_cap) {
            continue;
        }
        candidates_.push_back({bound, leg});
    }
    if (candidates_.size() > kinds) {
        std::stable_sort(candidates_.begin(), candidates_.end(),
                         [](const Candidate& left, const Candidate& right) { return left.bound < right.bound; });
        candidates_.resize(kinds);
    }
    for (const Candidate& candidate : candidates_) {
        const std::size_t leg = candidate.leg;
        const std::size_t w = reduced_.leg_to(leg);
        const std::uint64_t used = base.used | next_member(w, base.used);
        const double leg_time = reduced_.leg_time(leg);
        const double priced = base.priced + reduced_.leg_cost(leg) + weights_.sum * leg_time;
        const double weight = base.weight + graph_.kind_latency_weight[w];
        for (std::size_t i = reduced_.row_begin(w, a); i < reduced_.row_end(w, a); ++i) {
            const std::size_t stage = sorted_ ? order_[i] : i;
            const std::size_t b = reduced_.to(stage);
            ++evaluated_;
            double bound = priced + key_[stage] - offset_;
            if (!(bound < most())) {
                if (sorted_) break;
                continue;
            }
            if (must_end && b + 1 != cuts) continue;
            const double sum = base.sum + leg_time + reduced_.time(stage);
            const double least_sum = sum + time_.end[w * cuts + b];
            if (least_sum > graph_.latency_cap) continue;
            PartialPlan next;
            next.cost = base.cost + reduced_.leg_cost(leg) + reduced_.cost(stage);
            next.slow = latency_counts_ ? std::max(base.slow, reduced_.refill(stage)) : 0.0;
            double latency = std::max(least_sum, next.slow);
            if (latency_counts_) latency = std::max(latency, work_bound(b, used));
            bound = std::max(
                {base.bound, bound, next.cost + cost_.end[w * cuts + b] + (graph_.latency_weight + weight) * latency});
            if (!(bound < most())) continue;
            next.bound = bound;
            next.sum = sum_counts_ ? sum : 0.0;
            next.weight = weight;
            next.priced = priced + reduced_.weight(weights_, w, stage);
            next.used = used;
            next.parent = id;
            next.kind = static_cast<std::uint16_t>(w);
            next.from = static_cast<std::uint16_t>(a);
            next.cut = static_cast<std::uint16_t>(b);
            take(next);
        }
    }
}

}  // namespace carbonedge
