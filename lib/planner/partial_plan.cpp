#include "lib/planner/partial_plan.h"

#include <numeric>

namespace carbonedge {

PlanExtender::PlanExtender(const SearchGraph& graph, const ReducedGraph& reduced, const LatencyFloor& floor,
                           const PathWeights& weights, double offset, const PartialWeights& completions)
    : graph_(graph), reduced_(reduced), weights_(weights), offset_(offset), priced_(completions) {
    const std::vector<double> nothing(graph.kinds, 0.0);
    time_ = reduced.completions({0.0, 1.0, {}, nothing});
    PathWeights cost{1.0, 0.0, {}, nothing};
    for (std::size_t k = 0; k < graph.kinds; ++k) cost.extra[k] = graph.kind_latency_weight[k] * floor.least_latency;
    cost_ = reduced.completions(cost);
    latency_counts_ =
        graph.latency_weight > 0 || std::any_of(graph.kind_latency_weight.begin(), graph.kind_latency_weight.end(),
                                                [](double weight) { return weight > 0; });
    // What neither the value nor a limit asks for must not keep plans apart.
    sum_counts_ = latency_counts_ || graph.latency_cap < kNotAllowed;
    std::size_t nodes = 0;
    for (const std::vector<std::size_t>& kind : graph.members) {
        std::uint64_t bits = 0;
        for (std::size_t member = 0; member < kind.size(); ++member) bits |= std::uint64_t{1} << nodes++;
        kind_nodes_.push_back(bits);
    }
    count_stages_ = graph.max_stages < std::min(nodes, graph.cuts - 1);
    useful_.assign(graph.cuts, 0);
    for (std::size_t a = graph.cuts - 1; a-- > 0;) {
        useful_[a] = useful_[a + 1];
        for (std::size_t k = 0; k < graph.kinds; ++k) {
            if (reduced.row_end(k, a) > reduced.row_begin(k, a)) useful_[a] |= kind_nodes_[k];
        }
    }
    key_.resize(reduced.stages());
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        for (std::size_t i = reduced.row_begin(k, 0); i < reduced.row_end(k, graph.cuts - 1); ++i) {
            key_[i] = reduced.weight(weights, k, i) + completions.end[k * graph.cuts + reduced.to(i)];
        }
    }
}

void PlanExtender::sort_rows() {
    order_.resize(key_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        for (std::size_t a = 0; a + 1 < graph_.cuts; ++a) {
            std::sort(order_.begin() + static_cast<std::ptrdiff_t>(reduced_.row_begin(k, a)),
                      order_.begin() + static_cast<std::ptrdiff_t>(reduced_.row_end(k, a)),
                      [&](std::uint32_t left, std::uint32_t right) {
                          return key_[left] != key_[right] ? key_[left] < key_[right] : left < right;
                      });
        }
    }
    sorted_ = true;
}

/// The nodes that are left together cannot do the rows from a cut on faster: a bound on the largest refill.
double PlanExtender::work_bound(std::size_t cut, std::uint64_t used) const {
    const double work = graph_.work[SearchGraph::kQuota][cut];
    if (work <= 0) return 0;
    double rate = 0;
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        const int left = std::popcount(kind_nodes_[k] & ~used);
        if (left > 0) rate += left * graph_.work_rate[SearchGraph::kQuota][k * graph_.cuts + cut];
    }
    return rate > 0 ? work / rate * (1 - 1e-12) : kNotAllowed;
}

}  // namespace carbonedge
