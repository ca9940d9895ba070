#include "lib/gate/rank_intervals.h"

#include "lib/base/quantile.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace carbonedge {
namespace {

constexpr std::size_t kExactSignedRanks = 60;
constexpr std::size_t kExactRankSum = 40;

/// Largest k with P(statistic <= k - 1) <= tail, given the chances of 0, 1, 2, ...; 0 where there is none.
std::size_t rank_of_bound(const std::vector<double>& chances, double tail) {
    double sum = 0;
    std::size_t rank = 0;
    for (const double chance : chances) {
        sum += chance;
        if (sum > tail) break;
        ++rank;
    }
    return rank;
}

std::size_t normal_rank(double mean, double variance, double tail) {
    const double z = boost::math::quantile(boost::math::normal(), tail);
    return static_cast<std::size_t>(std::max(0.0, std::floor(mean + z * std::sqrt(variance))));
}

/// Rank sum of the positive of n differences: each rank is in it or not.
std::size_t signed_rank_bound(std::size_t n, double tail) {
    const auto count = static_cast<double>(n);
    if (n > kExactSignedRanks) {
        return normal_rank(count * (count + 1) / 4, count * (count + 1) * (2 * count + 1) / 24, tail);
    }
    std::vector<double> chances(n * (n + 1) / 2 + 1, 0.0);
    chances[0] = 1;
    for (std::size_t rank = 1; rank <= n; ++rank) {
        for (std::size_t sum = chances.size(); sum-- > 0;) {
            chances[sum] = (chances[sum] + (sum >= rank ? chances[sum - rank] : 0.0)) / 2;
        }
    }
    return rank_of_bound(chances, tail);
}

/// Number of pairs in which `after` is smaller: the counts of the partitions of U into at most m parts of at most n.
std::size_t rank_sum_bound(std::size_t n, std::size_t m, double tail) {
    const auto a = static_cast<double>(n);
    const auto b = static_cast<double>(m);
    if (n > kExactRankSum || m > kExactRankSum) return normal_rank(a * b / 2, a * b * (a + b + 1) / 12, tail);
    // chances[j][u]: j of the values seen so far are of the second sample, and u pairs are inverted.
    std::vector<std::vector<double>> chances(m + 1, std::vector<double>(n * m + 1, 0.0));
    chances[0][0] = 1;
    for (std::size_t i = 1; i <= n + m; ++i) {
        for (std::size_t j = std::min(i, m) + 1; j-- > 0;) {
            const std::size_t firsts = i - j;
            if (firsts > n) {
                std::fill(chances[j].begin(), chances[j].end(), 0.0);
                continue;
            }
            for (std::size_t u = n * m + 1; u-- > 0;) {
                // The i-th smallest is of the first sample with weight as many ways to go on; ways are counted, then
                // scaled.
                const double from_first = firsts > 0 ? chances[j][u] : 0.0;
                const double from_second = j > 0 && u >= firsts ? chances[j - 1][u - firsts] : 0.0;
                chances[j][u] = from_first + from_second;
            }
        }
    }
    std::vector<double>& ways = chances[m];
    double all = 0;
    for (const double way : ways) all += way;
    for (double& way : ways) way /= all;
    return rank_of_bound(ways, tail);
}

RankEstimate from_order_statistics(std::vector<double> values, std::size_t rank) {
    std::sort(values.begin(), values.end());
    RankEstimate result;
    result.estimate = quantile(values, 0.5);
    if (rank > 0 && rank <= values.size()) {
        result.low = values[rank - 1];
        result.high = values[values.size() - rank];
    }
    return result;
}

}  // namespace

RankEstimate signed_rank_estimate(std::span<const double> differences, double tail) {
    std::vector<double> means;
    for (std::size_t i = 0; i < differences.size(); ++i) {
        for (std::size_t j = i; j < differences.size(); ++j) means.push_back((differences[i] + differences[j]) / 2);
    }
    return from_order_statistics(std::move(means), signed_rank_bound(differences.size(), tail));
}

RankEstimate rank_sum_estimate(std::span<const double> before, std::span<const double> after, double tail) {
    std::vector<double> shifts;
    for (const double late : after) {
        for (const double early : before) shifts.push_back(late - early);
    }
    return from_order_statistics(std::move(shifts), rank_sum_bound(before.size(), after.size(), tail));
}

}  // namespace carbonedge
