#include "lib/tradeoff/front_search.h"

#include "lib/tradeoff/front_bounds.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace carbonedge {
namespace {

constexpr std::uint32_t kNoParent = 0xFFFFFFFFU;
/// Labels that the first, narrow pass keeps at a cut for every price of latency.
constexpr std::size_t kNarrow = 4;
constexpr std::size_t kFirstFilter = 256;

/// A partial pipeline whose last stage ended at a cut on a node.
struct Label {
    double sum = 0;        ///< A so far
    double slow = 0;       ///< B so far
    double cost = 0;       ///< without what the idle policy "full" adds
    double weight = 0;     ///< what it charges per second, of the nodes used
    double occupancy = 0;  ///< stays 0 where throughput does not count
    std::uint64_t used = 0;
    std::uint32_t parent = kNoParent;
    std::uint16_t node = 0;
    std::uint16_t from = 0;
};

bool no_worse(const Label& left, const Label& right) {
    return left.sum <= right.sum && left.slow <= right.slow && left.cost <= right.cost && left.weight <= right.weight &&
           left.occupancy <= right.occupancy && (left.used & ~right.used) == 0;
}

/// Nodes that are alike in every stage and leg: of those that are unused only the first is tried.
std::vector<std::size_t> twin_before(const TradeGraph& graph) {
    const std::size_t stages = graph.cuts * graph.cuts;
    const auto same_stages = [&](std::size_t v, std::size_t w) {
        for (const auto* row : {&graph.stage_time, &graph.stage_cost, &graph.stage_refill, &graph.stage_occupancy}) {
            const auto at = row->begin() + static_cast<std::ptrdiff_t>(v * stages);
            if (!std::equal(at, at + static_cast<std::ptrdiff_t>(stages),
                            row->begin() + static_cast<std::ptrdiff_t>(w * stages))) {
                return false;
            }
        }
        return graph.node_latency_weight[v] == graph.node_latency_weight[w];
    };
    const auto same_leg = [&](std::size_t u, std::size_t v, std::size_t x, std::size_t y) {
        for (std::size_t a = 0; a < graph.cuts; ++a) {
            const std::size_t left = graph.leg_index(u, v, a);
            const std::size_t right = graph.leg_index(x, y, a);
            if (graph.leg_time[left] != graph.leg_time[right] || graph.leg_cost[left] != graph.leg_cost[right]) {
                return false;
            }
        }
        return true;
    };
    const auto twins = [&](std::size_t v, std::size_t w) {
        if (!same_stages(v, w) || !same_leg(v, w, w, v)) return false;
        for (std::size_t u = 0; u <= graph.nodes; ++u) {
            if (u == v || u == w) continue;
            if (!same_leg(u, v, u, w) || !same_leg(v, u, w, u)) return false;
        }
        return true;
    };
    std::vector<std::size_t> before(graph.nodes, graph.nodes);
    for (std::size_t w = 1; w < graph.nodes; ++w) {
        for (std::size_t v = w; v-- > 0;) {
            if (twins(v, w)) {
                before[w] = v;
                break;
            }
        }
    }
    return before;
}

class FrontSearch {
public:
    FrontSearch(const TradeGraph& graph, bool throughput, const FrontCaps& caps)
        : graph_(graph), throughput_(throughput), caps_(caps), front_(throughput, graph.latency_cap) {}

    SearchedFront run() {
        const MeetPath meet = [&](const TradePath& path) { offer(path); };
        bounds_ = front_bounds(graph_, throughput_, caps_.rounds_a_weight, meet);
        if (bounds_.weighted.empty() || bounds_.weighted.front().value >= kNotAllowed) return finish(true);
        twin_before_ = twin_before(graph_);
        for (const std::size_t weights : {(caps_.weights + 1) / 2, caps_.weights}) {
            if (late_ || (caps_.out_of_time && caps_.out_of_time())) break;
            sums_.resize(bounds_.weighted.size());
            pass(true);
            labels_.clear();
            refine_bounds(graph_, bounds_, front_.entries(), weights, caps_.rounds_a_weight, meet);
        }
        sums_.resize(bounds_.weighted.size());
        return finish(pass(false));
    }

private:
    /// A look at the clock costs more than a label.
    bool late() {
        constexpr std::size_t kBetweenLooks = 256;
        if (caps_.out_of_time && looks_++ % kBetweenLooks == 0) late_ = late_ || caps_.out_of_time();
        return late_;
    }

    [[nodiscard]] std::size_t buckets() const { return graph_.cuts * graph_.nodes; }

    std::size_t offer(const TradePath& path) {
        const PathOutcome found = outcome_of(graph_, path);
        if (!found.feasible || !front_.insert(found.outcome, paths_.size())) return paths_.size();
        paths_.push_back(path);
        return paths_.size();
    }

    [[nodiscard]] TradePath path_of(const Label& label, std::size_t cut) const {
        TradePath path;
        std::size_t to = cut;
        for (const Label* at = &label;; at = &labels_[at->parent]) {
            path.push_back({at->node, at->from, to});
            to = at->from;
            if (at->parent == kNoParent) break;
        }
        std::reverse(path.begin(), path.end());
        return path;
    }

    /// What a label has spent in every weighted sum, the offset taken off.
    [[nodiscard]] std::vector<double> spent(const Label* label, std::size_t cut) const {
        std::vector<double> sums;
        for (const WeightedBound& bound : bounds_.weighted) sums.push_back(-bound.offset);
        if (label == nullptr) return sums;
        for (const TradeStep& step : path_of(*label, cut)) {
            const double refill = graph_.stage_refill[graph_.stage_index(step.node, step.from, step.to)];
            for (std::size_t k = 0; k < sums.size(); ++k) {
                const WeightedBound& bound = bounds_.weighted[k];
                sums[k] += bound.node_extra[step.node] + bound.refill_price[step.node] * refill;
            }
        }
        for (std::size_t k = 0; k < sums.size(); ++k) {
            sums[k] += label->cost + bounds_.weighted[k].sum_price * label->sum;
        }
        return sums;
    }

    /// Takes every extension of a label by one stage that may still reach a point of the front.
    template <class Take>
    void extend(const Label* label, std::uint32_t id, std::size_t a, Take take) {
        const Label base = label != nullptr ? *label : Label{};
        const std::size_t from = label != nullptr ? label->node : graph_.gateway();
        const auto stages = static_cast<std::size_t>(std::popcount(base.used));
        if (stages >= graph_.max_stages) return;
        const std::vector<double> prefix = spent(label, a);
        const std::size_t last = graph_.cuts - 1;
        const std::size_t weights = prefix.size();
        std::vector<double> here(weights);
        for (std::size_t w = 0; w < graph_.nodes; ++w) {
            if (base.used >> w & 1U) continue;
            if (twin_before_[w] < graph_.nodes && (base.used >> twin_before_[w] & 1U) == 0) continue;
            const std::size_t leg = graph_.leg_index(from, w, a);
            const double leg_time = graph_.leg_time[leg];
            if (leg_time >= kNotAllowed) continue;
            const std::size_t beginning = w * graph_.cuts + a;
            const double least_sum = base.sum + leg_time + bounds_.time.start[beginning];
            if (least_sum > graph_.latency_cap) continue;
            for (std::size_t k = 0; k < weights; ++k) {
                const WeightedBound& bound = bounds_.weighted[k];
                here[k] = prefix[k] + graph_.leg_cost[leg] + bound.sum_price * leg_time;
                sums_[k] = here[k] + bound.start[beginning];
            }
            const double leg_occupancy = throughput_ ? std::max(base.occupancy, leg_time) : 0.0;
            if (!room(std::max(least_sum, base.slow), base.weight,
                      throughput_ ? std::max(leg_occupancy, bounds_.occupancy.start[beginning]) : 0.0)) {
                continue;
            }
            for (std::size_t b = stages + 1 == graph_.max_stages ? last : a + 1; b <= last; ++b) {
                const std::size_t stage = graph_.stage_index(w, a, b);
                const double time = graph_.stage_time[stage];
                if (time >= kNotAllowed) continue;
                ++evaluated_;
                const std::size_t at = w * graph_.cuts + b;
                Label next;
                next.sum = base.sum + leg_time + time;
                const double sum = next.sum + bounds_.time.end[at];
                if (sum > graph_.latency_cap) continue;
                next.slow = std::max(base.slow, graph_.stage_refill[stage]);
                if (throughput_) next.occupancy = std::max(leg_occupancy, graph_.stage_occupancy[stage]);
                const double refill = graph_.stage_refill[stage];
                for (std::size_t k = 0; k < weights; ++k) {
                    const WeightedBound& bound = bounds_.weighted[k];
                    sums_[k] = here[k] + graph_.stage_cost[stage] + bound.sum_price * time +
                               bound.refill_price[w] * refill + bound.node_extra[w] + bound.end[at];
                }
                const double occupancy = throughput_ ? std::max(next.occupancy, bounds_.occupancy.end[at]) : 0.0;
                next.weight = base.weight + graph_.node_latency_weight[w];
                if (!room(std::max(sum, next.slow), next.weight, occupancy)) continue;
                next.cost = base.cost + graph_.leg_cost[leg] + graph_.stage_cost[stage];
                next.used = base.used | std::uint64_t{1} << w;
                next.parent = id;
                next.node = static_cast<std::uint16_t>(w);
                next.from = static_cast<std::uint16_t>(a);
                take(next, b);
            }
        }
    }

    /// Whether the sums in `sums_` leave room; the least cost is the sum of price 0. They charge the idle power of the
    /// nodes in use for the least latency of all; what these nodes are known to be used for is longer.
    [[nodiscard]] bool room(double latency, double weight, double occupancy) {
        if (weight > 0 && latency < kNotAllowed) {
            for (double& sum : sums_) sum += weight * (latency - bounds_.time.root);
        }
        if (latency >= kNotAllowed || occupancy >= kNotAllowed || sums_.front() >= kNotAllowed) return false;
        return front_.leaves_room({{latency, sums_.front(), occupancy}, bounds_.prices, sums_});
    }

    /// The nodes not used yet together cannot do the rows from a cut on faster: a bound of the largest refill.
    [[nodiscard]] double work_bound(std::size_t a, std::uint64_t used) const {
        const double work = graph_.work[a];
        if (work <= 0) return 0;
        double rate = 0;
        for (std::size_t v = 0; v < graph_.nodes; ++v) {
            if ((used >> v & 1U) == 0) rate += graph_.work_rate[v * graph_.cuts + a];
        }
        return rate > 0 ? work / rate * (1 - 1e-12) : kNotAllowed;
    }

    [[nodiscard]] bool still_has_room(const Label& label, std::size_t cut) {
        const std::vector<double> prefix = spent(&label, cut);
        const std::size_t at = label.node * graph_.cuts + cut;
        for (std::size_t k = 0; k < prefix.size(); ++k) sums_[k] = prefix[k] + bounds_.weighted[k].end[at];
        const double latency = std::max({label.sum + bounds_.time.end[at], label.slow, work_bound(cut, label.used)});
        return room(latency, label.weight, throughput_ ? std::max(label.occupancy, bounds_.occupancy.end[at]) : 0.0);
    }

    /// Of the labels at one cut and node those that no other beats.
    void drop_dominated(std::vector<Label>& labels) {
        std::sort(labels.begin(), labels.end(), [](const Label& left, const Label& right) {
            if (left.sum != right.sum) return left.sum < right.sum;
            if (left.cost != right.cost) return left.cost < right.cost;
            if (left.slow != right.slow) return left.slow < right.slow;
            if (left.weight != right.weight) return left.weight < right.weight;
            if (left.occupancy != right.occupancy) return left.occupancy < right.occupancy;
            return std::popcount(left.used) < std::popcount(right.used);
        });
        std::vector<Label> kept;
        for (const Label& label : labels) {
            const bool beaten =
                std::any_of(kept.begin(), kept.end(), [&](const Label& other) { return no_worse(other, label); });
            if (beaten) {
                ++dominated_;
            } else {
                kept.push_back(label);
            }
        }
        labels = std::move(kept);
    }

    /// Takes the cuts in order. Narrow: keeps a few labels a cut, to find good points early. False: a cap ended it.
    bool pass(bool narrow) {
        open_.assign(buckets(), {});
        filter_at_.assign(buckets(), kFirstFilter);
        std::size_t waiting = 0;
        const auto take = [&](const Label& label, std::size_t cut) {
            if (cut + 1 == graph_.cuts) {
                offer(path_of(label, cut));
                return;
            }
            const std::size_t at = cut * graph_.nodes + label.node;
            std::vector<Label>& bucket = open_[at];
            bucket.push_back(label);
            ++waiting;
            if (narrow || bucket.size() < filter_at_[at]) return;
            waiting -= bucket.size();
            std::erase_if(bucket, [&](const Label& one) { return !still_has_room(one, cut); });
            drop_dominated(bucket);
            waiting += bucket.size();
            filter_at_[at] = std::max(kFirstFilter, 2 * bucket.size());
        };
        extend(nullptr, kNoParent, 0, take);
        for (std::size_t a = 1; a + 1 < graph_.cuts; ++a) {
            if (narrow) keep_few(a);
            for (std::size_t v = 0; v < graph_.nodes; ++v) {
                std::vector<Label>& bucket = open_[a * graph_.nodes + v];
                if (!narrow) {
                    waiting -= bucket.size();
                    std::erase_if(bucket, [&](const Label& label) { return !still_has_room(label, a); });
                    drop_dominated(bucket);
                    waiting += bucket.size();
                }
                while (!bucket.empty()) {
                    if (!narrow && (labels_.size() + waiting > caps_.labels || evaluated_ > caps_.states || late()))
                        return false;
                    const Label label = bucket.back();
                    bucket.pop_back();
                    --waiting;
                    labels_.push_back(label);
                    extend(&label, static_cast<std::uint32_t>(labels_.size() - 1), a, take);
                }
            }
        }
        return true;
    }

    void keep_few(std::size_t a) {
        struct Ranked {
            double sum;
            std::size_t node, index;
        };
        std::vector<std::vector<Ranked>> ranked(bounds_.weighted.size());
        for (std::size_t v = 0; v < graph_.nodes; ++v) {
            const std::vector<Label>& bucket = open_[a * graph_.nodes + v];
            for (std::size_t i = 0; i < bucket.size(); ++i) {
                if (!still_has_room(bucket[i], a)) continue;
                for (std::size_t k = 0; k < ranked.size(); ++k) ranked[k].push_back({sums_[k], v, i});
            }
        }
        std::vector<std::vector<Label>> kept(graph_.nodes);
        std::vector<std::pair<std::size_t, std::size_t>> taken;
        for (std::vector<Ranked>& order : ranked) {
            const std::size_t few = std::min(kNarrow, order.size());
            std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(few), order.end(),
                              [](const Ranked& left, const Ranked& right) {
                                  if (left.sum != right.sum) return left.sum < right.sum;
                                  return left.node != right.node ? left.node < right.node : left.index < right.index;
                              });
            for (std::size_t i = 0; i < few; ++i) taken.emplace_back(order[i].node, order[i].index);
        }
        std::sort(taken.begin(), taken.end());
        taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
        for (const auto& [v, index] : taken) kept[v].push_back(open_[a * graph_.nodes + v][index]);
        for (std::size_t v = 0; v < graph_.nodes; ++v) open_[a * graph_.nodes + v] = std::move(kept[v]);
    }

    SearchedFront finish(bool proven) {
        SearchedFront result;
        result.proven = proven;
        for (const FrontSet::Entry& entry : front_.entries()) {
            result.paths.push_back({paths_[entry.id], entry.outcome, entry.outcome.cost});
        }
        if (!result.paths.empty()) result.latency_bound = result.paths.front().outcome.latency;
        if (!proven) weaken(result);
        result.counters["prices bounded"] = static_cast<double>(bounds_.weighted.size());
        result.counters["states evaluated"] = static_cast<double>(evaluated_);
        result.counters["labels kept"] = static_cast<double>(labels_.size());
        result.counters["labels dominated"] = static_cast<double>(dominated_);
        return result;
    }

    /// What the labels left open could still become bounds every point.
    void weaken(SearchedFront& result) {
        for (std::size_t a = 1; a + 1 < graph_.cuts; ++a) {
            for (std::size_t v = 0; v < graph_.nodes; ++v) {
                for (const Label& label : open_[a * graph_.nodes + v]) {
                    if (!still_has_room(label, a)) continue;
                    const std::size_t at = v * graph_.cuts + a;
                    const double latency = std::max(label.sum + bounds_.time.end[at], label.slow);
                    result.latency_bound = std::min(result.latency_bound, latency);
                    for (FoundPath& point : result.paths) {
                        if (latency > point.outcome.latency) continue;
                        double cost = sums_.front();
                        for (std::size_t k = 0; k < sums_.size(); ++k) {
                            cost = std::max(cost, sums_[k] - bounds_.prices[k] * point.outcome.latency);
                        }
                        point.cost_bound = std::min(point.cost_bound, cost);
                    }
                }
            }
        }
    }

    const TradeGraph& graph_;
    bool throughput_;
    const FrontCaps& caps_;
    std::size_t looks_ = 0;
    bool late_ = false;
    FrontBounds bounds_;
    FrontSet front_;
    std::vector<TradePath> paths_;
    std::vector<std::size_t> twin_before_;
    std::vector<Label> labels_;
    std::vector<std::vector<Label>> open_;
    std::vector<std::size_t> filter_at_;  ///< size of a bucket at which beaten labels are thrown out early
    std::vector<double> sums_;
    std::size_t evaluated_ = 0;
    std::size_t dominated_ = 0;
};

}  // namespace

SearchedFront search_front(const TradeGraph& graph, bool throughput, const FrontCaps& caps) {
    return FrontSearch(graph, throughput, caps).run();
}

}  // namespace carbonedge
