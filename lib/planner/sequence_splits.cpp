#include "lib/planner/sequence_splits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace carbonedge {
namespace {

std::vector<double> scaled_to_one(const std::vector<double>& costs) {
    const auto [least, greatest] = std::minmax_element(costs.begin(), costs.end());
    std::vector<double> scaled(costs.size(), 0.0);
    const double low = *least;
    const double range = *greatest - low;
    if (range > 0) {
        std::transform(costs.begin(), costs.end(), scaled.begin(), [&](double cost) { return (cost - low) / range; });
    }
    return scaled;
}

std::vector<double> block_sums(const std::vector<double>& costs, const Boundaries& boundaries) {
    std::vector<double> sums;
    for (std::size_t b = 0; b + 1 < boundaries.size(); ++b) {
        sums.push_back(std::accumulate(costs.begin() + static_cast<std::ptrdiff_t>(boundaries[b]),
                                       costs.begin() + static_cast<std::ptrdiff_t>(boundaries[b + 1]), 0.0));
    }
    return sums;
}

/// Of the blocks of that sum the one nearest to another block, so that the blocks between the two have elements to
/// give.
std::size_t nearest_with(const std::vector<double>& sums, double wanted, std::size_t from) {
    std::size_t nearest = sums.size();
    for (std::size_t b = 0; b < sums.size(); ++b) {
        if (sums[b] != wanted) continue;
        const auto distance = [from](std::size_t block) { return block < from ? from - block : block - from; };
        if (nearest == sums.size() || distance(b) < distance(nearest)) nearest = b;
    }
    return nearest;
}

}  // namespace

Boundaries block_partition(const std::vector<double>& costs, std::size_t blocks) {
    const std::vector<double> scaled = scaled_to_one(costs);
    Boundaries boundaries;
    for (std::size_t b = 0; b < blocks; ++b) boundaries.push_back(costs.size() / blocks * b);
    boundaries.push_back(costs.size());

    // The theorem ends the walk; the cap only guards against sums that rounding keeps from comparing as they should.
    std::size_t moves_left = blocks * costs.size() * costs.size();
    for (;;) {
        std::vector<double> sums = block_sums(scaled, boundaries);
        const double greatest = *std::max_element(sums.begin(), sums.end());
        std::size_t from = blocks - 1;
        while (sums[from] < greatest) --from;
        for (bool reached = false; !reached;) {
            const double least = *std::min_element(sums.begin(), sums.end());
            if (greatest <= least + 1 || moves_left-- == 0) return boundaries;
            const std::size_t to = nearest_with(sums, least, from);
            const std::size_t giver = from < to ? to - 1 : to + 1;
            boundaries[std::max(giver, to)] += from < to ? std::size_t(0) - 1 : 1;
            sums = block_sums(scaled, boundaries);
            reached = giver == from;
        }
    }
}

Boundaries pipedream_split(const std::vector<double>& times, const std::vector<double>& transfers,
                           std::size_t machines) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const std::size_t count = times.size();
    std::vector<double> before(count + 1, 0.0);
    std::partial_sum(times.begin(), times.end(), before.begin() + 1);
    std::vector<std::vector<double>> best(machines + 1, std::vector<double>(count + 1, kInfinity));
    std::vector<std::vector<std::size_t>> cut(machines + 1, std::vector<std::size_t>(count + 1, 0));
    for (std::size_t j = 1; j <= count; ++j) best[1][j] = before[j];
    for (std::size_t m = 2; m <= machines; ++m) {
        for (std::size_t j = m; j <= count; ++j) {
            for (std::size_t k = m - 1; k < j; ++k) {
                const double slowest = std::max({best[m - 1][k], transfers[k], before[j] - before[k]});
                if (slowest < best[m][j]) {
                    best[m][j] = slowest;
                    cut[m][j] = k;
                }
            }
        }
    }
    std::size_t stages = 1;
    for (std::size_t m = 2; m <= machines; ++m) {
        if (best[m][count] < best[stages][count]) stages = m;
    }
    Boundaries boundaries(stages + 1, count);
    for (std::size_t m = stages; m > 0; --m) boundaries[m - 1] = cut[m][boundaries[m]];
    return boundaries;
}

Boundaries memory_weighted_split(std::size_t layers, const std::vector<double>& memory) {
    const double total = std::accumulate(memory.begin(), memory.end(), 0.0);
    Boundaries boundaries{0};
    double end = 0;
    for (const double share : memory) {
        const double part = total > 0 ? share / total : 1.0 / static_cast<double>(memory.size());
        end = std::round((end + part) * 1e5) / 1e5;
        boundaries.push_back(std::min(layers, static_cast<std::size_t>(end * static_cast<double>(layers))));
    }
    boundaries.back() = layers;
    return boundaries;
}

}  // namespace carbonedge
