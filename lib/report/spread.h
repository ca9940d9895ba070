#pragma once

#include "lib/base/quantile.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace carbonedge {

/// A 95 % confidence interval.
struct Interval {
    double low = 0;
    double high = 0;

    [[nodiscard]] double half_width() const { return (high - low) / 2; }
    bool operator==(const Interval&) const = default;
};

/// Location and spread of a sample. Intervals are absent where the sample is too small to bound them.
struct Spread {
    std::size_t count = 0;
    double mean = 0;
    double median = 0;
    double p95 = 0;
    std::optional<Interval> mean_interval;
    std::optional<Interval> median_interval;
    std::optional<Interval> p95_interval;

    bool operator==(const Spread&) const = default;
};

/// Distribution-free interval of a quantile from order statistics: P(value[low] <= q < value[high]) >= 95 % by the
/// binomial distribution. Absent where no order statistic bounds a side (fewer than 6 values for the median, 72 for
/// the 95th percentile).
std::optional<Interval> quantile_interval(std::span<const double> ascending, double probability);

/// Percentile bootstrap of the mean, 1,000 resamples, the same for a seed everywhere; of more than 10,000 values the
/// normal interval, which is what the bootstrap converges to, in linear time. Absent for fewer than 5 values.
std::optional<Interval> mean_interval(std::span<const double> values, std::uint64_t seed);

/// All of it; absent for no values. Throttled runs are correlated from request to request (a bandwidth period spans
/// several), and these intervals take them as independent.
std::optional<Spread> spread_of(std::vector<double> values, std::uint64_t seed);

}  // namespace carbonedge
