#include "lib/planner/reduced_graph.h"

#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

/// A stretch of stages as the inner loops see it.
struct Stretch {
    const double* cost;
    const double* time;
    const double* refill;
    std::size_t size;
};

/// The least of weight + rest over stages whose rests lie side by side. Independent lanes let the compiler take several
/// at once; a minimum does not depend on the order, so neither does the result.
template <bool kWithRefill>
double least_of_run(const Stretch& stages, double by_cost, double by_time, double by_refill, const double* rest) {
    constexpr std::size_t kLanes = 8;
    std::array<double, kLanes> least;
    least.fill(kNotAllowed);
    std::size_t i = 0;
    for (; i + kLanes <= stages.size; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            double value = by_cost * stages.cost[i + lane] + by_time * stages.time[i + lane];
            if constexpr (kWithRefill) value += by_refill * stages.refill[i + lane];
            value += rest[i + lane];
            least[lane] = value < least[lane] ? value : least[lane];
        }
    }
    double best = kNotAllowed;
    for (; i < stages.size; ++i) {
        double value = by_cost * stages.cost[i] + by_time * stages.time[i];
        if constexpr (kWithRefill) value += by_refill * stages.refill[i];
        best = std::min(best, value + rest[i]);
    }
    for (const double value : least) best = std::min(best, value);
    return best;
}

/// The same where the rests are picked by the stage's end.
double least_of_picked(const Stretch& stages, const std::uint16_t* to, double by_cost, double by_time, double by_refill,
                       const double* rest) {
    double best = kNotAllowed;
    for (std::size_t i = 0; i < stages.size; ++i) {
        double value = by_cost * stages.cost[i] + by_time * stages.time[i];
        if (stages.refill != nullptr) value += by_refill * stages.refill[i];
        best = std::min(best, value + rest[to[i]]);
    }
    return best;
}

}  // namespace

ReducedGraph::ReducedGraph(const SearchGraph& graph) : kinds_(graph.kinds), cuts_(graph.cuts) {
    const bool throttled = !graph.stage_refill.empty();
    row_.push_back(0);
    to_.reserve(graph.stage_time.size());
    time_.reserve(graph.stage_time.size());
    cost_.reserve(graph.stage_time.size());
    if (throttled) refill_.reserve(graph.stage_time.size());
    for (std::size_t at = 0; at < kinds_ * cuts_; ++at) {
        const std::size_t a = at % cuts_;
        for (std::size_t i = graph.row[at]; i < graph.row[at + 1]; ++i) {
            if (graph.stage_time[i] >= kNotAllowed || graph.refill(i) > graph.refill_cap) continue;
            to_.push_back(static_cast<std::uint16_t>(a + 1 + (i - graph.row[at])));
            time_.push_back(graph.stage_time[i]);
            cost_.push_back(graph.stage_cost[i]);
            if (throttled) refill_.push_back(graph.stage_refill[i]);
        }
        row_.push_back(to_.size());
    }
    leg_row_.push_back(0);
    for (std::size_t u = 0; u <= kinds_; ++u) {
        for (std::size_t a = 0; a < cuts_; ++a) {
            for (std::size_t w = 0; w < kinds_; ++w) {
                const std::size_t leg = graph.leg_index(u, w, a);
                if (graph.leg_time[leg] >= kNotAllowed) continue;
                leg_to_.push_back(static_cast<std::uint16_t>(w));
                leg_time_.push_back(graph.leg_time[leg]);
                leg_cost_.push_back(graph.leg_cost[leg]);
            }
            leg_row_.push_back(leg_to_.size());
        }
    }
    for (std::size_t v = 0; v < kinds_; ++v) {
        const std::size_t leg = graph.leg_index(v, graph.gateway(), cuts_ - 1);
        last_time_.push_back(graph.leg_time[leg]);
        last_cost_.push_back(graph.leg_cost[leg]);
    }
}

double ReducedGraph::weight(const PathWeights& weights, std::size_t kind, std::size_t stage) const {
    double value = weights.cost * cost_[stage] + weights.sum * time_[stage];
    if (!refill_.empty() && !weights.refill.empty()) value += weights.refill[kind] * refill_[stage];
    return value + weights.extra[kind];
}

double ReducedGraph::last_weight(const PathWeights& weights, std::size_t kind) const {
    if (last_time_[kind] >= kNotAllowed) return kNotAllowed;
    return weights.cost * last_cost_[kind] + weights.sum * last_time_[kind];
}

PartialWeights ReducedGraph::completions(const PathWeights& weights) const {
    PartialWeights result;
    result.start.assign(kinds_ * cuts_, kNotAllowed);
    result.end.assign(kinds_ * cuts_, kNotAllowed);
    for (std::size_t v = 0; v < kinds_; ++v) result.end[v * cuts_ + cuts_ - 1] = last_weight(weights, v);
    for (std::size_t a = cuts_ - 1; a-- > 0;) {
        for (std::size_t v = 0; v < kinds_; ++v) {
            const std::size_t first = row_begin(v, a);
            const std::size_t size = row_end(v, a) - first;
            if (size == 0) continue;
            const double by_refill = weights.refill.empty() || refill_.empty() ? 0.0 : weights.refill[v];
            const Stretch stages{&cost_[first], &time_[first], by_refill != 0 ? &refill_[first] : nullptr, size};
            const double* rest = &result.end[v * cuts_];
            double best = 0;
            if (to_[first + size - 1] - to_[first] + std::size_t{1} != size) {
                best = least_of_picked(stages, &to_[first], weights.cost, weights.sum, by_refill, rest);
            } else if (by_refill != 0) {
                best = least_of_run<true>(stages, weights.cost, weights.sum, by_refill, rest + to_[first]);
            } else {
                best = least_of_run<false>(stages, weights.cost, weights.sum, by_refill, rest + to_[first]);
            }
            result.start[v * cuts_ + a] = best + weights.extra[v];
        }
        for (std::size_t u = a == 0 ? kinds_ : 0; u < (a == 0 ? kinds_ + 1 : kinds_); ++u) {
            double best = kNotAllowed;
            for (std::size_t leg = legs_begin(u, a); leg < legs_end(u, a); ++leg) {
                best = std::min(best, weights.cost * leg_cost_[leg] + weights.sum * leg_time_[leg] +
                                          result.start[leg_to_[leg] * cuts_ + a]);
            }
            (u == kinds_ ? result.root : result.end[u * cuts_ + a]) = best;
        }
    }
    return result;
}

PartialWeights ReducedGraph::beginnings(const PathWeights& weights) const {
    PartialWeights result;
    result.start.assign(kinds_ * cuts_, kNotAllowed);
    result.end.assign(kinds_ * cuts_, kNotAllowed);
    for (std::size_t a = 0; a + 1 < cuts_; ++a) {
        for (std::size_t u = a == 0 ? kinds_ : 0; u < (a == 0 ? kinds_ + 1 : kinds_); ++u) {
            const double before = u == kinds_ ? 0.0 : result.end[u * cuts_ + a];
            if (before >= kNotAllowed) continue;
            for (std::size_t leg = legs_begin(u, a); leg < legs_end(u, a); ++leg) {
                double& start = result.start[leg_to_[leg] * cuts_ + a];
                start = std::min(start, before + weights.cost * leg_cost_[leg] + weights.sum * leg_time_[leg]);
            }
        }
        for (std::size_t v = 0; v < kinds_; ++v) {
            const double before = result.start[v * cuts_ + a];
            if (before >= kNotAllowed) continue;
            for (std::size_t stage = row_begin(v, a); stage < row_end(v, a); ++stage) {
                double& end = result.end[v * cuts_ + to_[stage]];
                end = std::min(end, before + weight(weights, v, stage));
            }
        }
    }
    for (std::size_t v = 0; v < kinds_; ++v) {
        result.root = std::min(result.root, result.end[v * cuts_ + cuts_ - 1] + last_weight(weights, v));
    }
    return result;
}

std::vector<PathStep> ReducedGraph::best_path(const PathWeights& weights, const PartialWeights& completions) const {
    std::vector<PathStep> path;
    if (completions.root >= kNotAllowed) return path;
    std::size_t from = kinds_;
    for (std::size_t a = 0; a + 1 < cuts_;) {
        PathStep step{kinds_, a, cuts_};
        double best = kNotAllowed;
        for (std::size_t leg = legs_begin(from, a); leg < legs_end(from, a); ++leg) {
            const double value = weights.cost * leg_cost_[leg] + weights.sum * leg_time_[leg] +
                                 completions.start[leg_to_[leg] * cuts_ + a];
            if (value >= best) continue;
            best = value;
            step.kind = leg_to_[leg];
        }
        best = kNotAllowed;
        for (std::size_t stage = row_begin(step.kind, a); stage < row_end(step.kind, a); ++stage) {
            const double value = weight(weights, step.kind, stage) + completions.end[step.kind * cuts_ + to_[stage]];
            if (value >= best) continue;
            best = value;
            step.to = to_[stage];
        }
        if (step.to == cuts_) return {};
        path.push_back(step);
        from = step.kind;
        a = step.to;
    }
    return path;
}

std::size_t ReducedGraph::keep_within(const PathWeights& weights, const PartialWeights& completions, double most) {
    const PartialWeights before = beginnings(weights);
    std::size_t kept = 0;
    std::size_t stage = 0;
    for (std::size_t at = 0; at < kinds_ * cuts_; ++at) {
        const std::size_t v = at / cuts_;
        const std::size_t end = row_[at + 1];
        row_[at] = kept;
        for (; stage < end; ++stage) {
            const double through =
                before.start[at] + weight(weights, v, stage) + completions.end[v * cuts_ + to_[stage]];
            if (!(through <= most)) continue;
            to_[kept] = to_[stage];
            time_[kept] = time_[stage];
            cost_[kept] = cost_[stage];
            if (!refill_.empty()) refill_[kept] = refill_[stage];
            ++kept;
        }
    }
    row_.back() = kept;
    to_.resize(kept);
    time_.resize(kept);
    cost_.resize(kept);
    if (!refill_.empty()) refill_.resize(kept);

    std::size_t kept_legs = 0;
    std::size_t leg = 0;
    for (std::size_t at = 0; at < (kinds_ + 1) * cuts_; ++at) {
        const std::size_t a = at % cuts_;
        const std::size_t end = leg_row_[at + 1];
        const double reached = at >= kinds_ * cuts_ ? 0.0 : before.end[at];
        leg_row_[at] = kept_legs;
        for (; leg < end; ++leg) {
            const double through = reached + weights.cost * leg_cost_[leg] + weights.sum * leg_time_[leg] +
                                   completions.start[leg_to_[leg] * cuts_ + a];
            if (!(through <= most)) continue;
            leg_to_[kept_legs] = leg_to_[leg];
            leg_time_[kept_legs] = leg_time_[leg];
            leg_cost_[kept_legs] = leg_cost_[leg];
            ++kept_legs;
        }
    }
    leg_row_.back() = kept_legs;
    leg_to_.resize(kept_legs);
    leg_time_.resize(kept_legs);
    leg_cost_.resize(kept_legs);
    return kept;
}

}  // namespace carbonedge
