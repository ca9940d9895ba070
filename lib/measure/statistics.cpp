#include "lib/measure/statistics.h"

#include "lib/base/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr double kTail = 0.025;
constexpr double kNormalQuantile = 1.959963984540054;  // of 1 - kTail
constexpr std::size_t kExactUpTo = 1000;               // 2^-n stays a normal double

/// P(X <= k) for X of binomial(n, 1/2).
double binomial_half_cdf(std::size_t n, std::size_t k) {
    double term = std::exp2(-static_cast<double>(n));
    double sum = term;
    for (std::size_t i = 1; i <= k; ++i) {
        term *= static_cast<double>(n - i + 1) / static_cast<double>(i);
        sum += term;
    }
    return sum;
}

double interval_coverage(std::size_t count, std::size_t rank) {
    if (count > kExactUpTo) {
        const double n = static_cast<double>(count);
        return std::erf((n + 1 - 2 * static_cast<double>(rank)) / std::sqrt(2 * n));
    }
    return 1 - 2 * binomial_half_cdf(count, rank - 1);
}

std::vector<double> sorted_copy(std::span<const double> samples) {
    if (samples.empty()) throw std::invalid_argument("statistics of an empty set");
    std::vector<double> sorted(samples.begin(), samples.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

}  // namespace

double SampleSummary::relative_confidence() const {
    if (count == 0 || median_interval_rank(count) == 0 || median == 0) return std::numeric_limits<double>::infinity();
    return (median_high - median_low) / 2 / std::abs(median);
}

std::size_t median_interval_rank(std::size_t count) {
    if (count > kExactUpTo) {
        const double n = static_cast<double>(count);
        return static_cast<std::size_t>(std::floor((n - kNormalQuantile * std::sqrt(n)) / 2));
    }
    std::size_t rank = 0;
    double term = std::exp2(-static_cast<double>(count));
    double tail = term;
    while (rank < count / 2 && tail <= kTail) {
        ++rank;
        term *= static_cast<double>(count - rank + 1) / static_cast<double>(rank);
        tail += term;
    }
    return rank;
}

SampleSummary summarise(std::span<const double> samples) {
    const std::vector<double> sorted = sorted_copy(samples);
    SampleSummary summary;
    summary.count = sorted.size();
    summary.min = sorted.front();
    summary.q1 = quantile(sorted, 0.25);
    summary.median = quantile(sorted, 0.5);
    summary.q3 = quantile(sorted, 0.75);
    summary.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
    const std::size_t rank = std::max<std::size_t>(1, median_interval_rank(sorted.size()));
    summary.median_low = sorted[rank - 1];
    summary.median_high = sorted[sorted.size() - rank];
    summary.coverage = interval_coverage(sorted.size(), rank);
    return summary;
}

double median(std::span<const double> samples) { return quantile(sorted_copy(samples), 0.5); }

}  // namespace carbonedge
