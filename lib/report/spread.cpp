#include "lib/report/spread.h"

#include "lib/base/order_statistics.h"
#include "lib/base/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace carbonedge {
namespace {

constexpr double kTail = 0.025;
constexpr std::size_t kResamples = 1000;
constexpr std::size_t kLeastForMean = 5;
constexpr std::size_t kMostForBootstrap = 10'000;
constexpr double kNormalQuantile = 1.959963984540054;  // of 1 - kTail

double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// What the bootstrap of a mean converges to.
Interval normal_interval(std::span<const double> values) {
    const double mean = mean_of(values);
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const auto count = static_cast<double>(values.size());
    const double half = kNormalQuantile * std::sqrt(squares / count / count);
    return {mean - half, mean + half};
}

}  // namespace

std::optional<Interval> quantile_interval(std::span<const double> ascending, double probability) {
    const auto ranks = quantile_rank_interval(ascending.size(), probability);
    if (!ranks) return std::nullopt;
    return Interval{ascending[ranks->low - 1], ascending[ranks->high - 1]};
}

std::optional<Interval> mean_interval(std::span<const double> values, std::uint64_t seed) {
    if (values.size() < kLeastForMean) return std::nullopt;
    if (values.size() > kMostForBootstrap) return normal_interval(values);
    SeededRandom random(seed);
    std::vector<double> means(kResamples);
    for (double& mean : means) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
        mean = sum / static_cast<double>(values.size());
    }
    std::sort(means.begin(), means.end());
    return Interval{quantile(means, kTail), quantile(means, 1 - kTail)};
}

std::optional<Spread> spread_of(std::vector<double> values, std::uint64_t seed) {
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    Spread spread;
    spread.count = values.size();
    spread.mean = mean_of(values);
    spread.median = quantile(values, 0.5);
    spread.p95 = quantile(values, 0.95);
    spread.mean_interval = mean_interval(values, seed);
    spread.median_interval = quantile_interval(values, 0.5);
    spread.p95_interval = quantile_interval(values, 0.95);
    return spread;
}

}  // namespace carbonedge
