#pragma once

#include <cstddef>
#include <optional>

namespace carbonedge {

/// Ranks, counted from 1, of two order statistics that enclose a quantile.
struct RankInterval {
    std::size_t low = 0;
    std::size_t high = 0;
    bool operator==(const RankInterval&) const = default;
};

/// Distribution-free interval of the quantile of `count` independent values: it lies between the order statistics of
/// these ranks with 95 % probability at least, by the binomial distribution, 2.5 % at most on either side. Absent where
/// no order statistic bounds a side: fewer than 6 values for the median, 72 for the 95th percentile, 3,688 for that of
/// 99.9 %. `probability` is between 0 and 1. O(sqrt(count)).
std::optional<RankInterval> quantile_rank_interval(std::size_t count, double probability);

/// Whether one value at least is expected beyond the quantile; the sample says nothing about quantiles beyond that.
bool reaches_quantile(std::size_t count, double probability);

}  // namespace carbonedge
