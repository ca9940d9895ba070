#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace carbonedge {

/// What a set of samples says about its middle. All values are in the samples' unit.
struct SampleSummary {
    std::size_t count = 0;
    double min = 0;
    double q1 = 0;  ///< quartiles by linear interpolation between order statistics (Hyndman and Fan's type 7, as NumPy)
    double median = 0;
    double q3 = 0;
    double mean = 0;
    /// Confidence interval of the median from ranks alone, no distribution assumed: the order statistics x(l) and
    /// x(n+1-l) with the largest l whose binomial(n, 1/2) tails hold at most 2.5 % each. Below 6 samples no ranks reach
    /// 95 %: the interval is then minimum to maximum, and `coverage` says how little that is.
    double median_low = 0;
    double median_high = 0;
    double coverage = 0;

    /// Half the interval's width over the median; infinite below 6 samples or for a median of 0.
    [[nodiscard]] double relative_confidence() const;
};

/// O(n log n). Throws std::invalid_argument on an empty set, as the functions below do.
SampleSummary summarise(std::span<const double> samples);

/// Samples need not be sorted.
double median(std::span<const double> samples);

/// 1-based lower rank l of the median's 95 % interval for n samples; 0 where none reaches it. The upper one is n + 1 -
/// l.
std::size_t median_interval_rank(std::size_t count);

}  // namespace carbonedge
