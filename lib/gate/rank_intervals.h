#pragma once

#include <optional>
#include <span>

namespace carbonedge {

/// An estimate with bounds, each of which is wrong with at most the given chance. A bound that so few values cannot
/// give is absent.
struct RankEstimate {
    double estimate = 0;
    std::optional<double> low;
    std::optional<double> high;
};

/// Middle of paired differences: the median of all means of two (Hodges and Lehmann 1963), with bounds from Wilcoxon's
/// signed ranks: order statistics of those means. No distribution is assumed but that differences are symmetric about
/// their middle, which holds where either side of a round could have been first. `tail` is the chance of each bound.
/// Exact up to 60 values, beyond by the normal approximation. `differences` are not empty. O(n^2 log n).
RankEstimate signed_rank_estimate(std::span<const double> differences, double tail);

/// Shift from `before` to `after`: the median of all differences between them, with bounds from the ranks of Mann,
/// Whitney and Wilcoxon. Assumes that the two differ by a shift alone. Exact up to 40 values a side. Neither is empty.
RankEstimate rank_sum_estimate(std::span<const double> before, std::span<const double> after, double tail);

}  // namespace carbonedge
