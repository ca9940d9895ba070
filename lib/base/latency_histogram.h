#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace carbonedge {

/// Counts of durations in buckets whose width grows with the value (log-linear, as HdrHistogram by G. Tene): every
/// power of two is divided into 128 buckets, so a duration is known to 0.4 % wherever it lies between 1 ns and 292
/// years, in at most 60 kB whatever is recorded. Histograms of several threads, nodes or runs add up. Not thread safe.
class LatencyHistogram {
public:
    using Duration = std::chrono::nanoseconds;

    /// Relative error of a quantile at most, against the order statistic of the same rank.
    static constexpr double kLargestError = 1.0 / 256;

    /// One bucket: counts what is in [low, high].
    struct Bucket {
        Duration low{0};
        Duration high{0};
        std::uint64_t count = 0;
    };

    /// A negative duration (clocks of two machines) counts as 0. O(1).
    void record(Duration duration, std::uint64_t times = 1);
    void merge(const LatencyHistogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    /// Exact, as are the smallest, the largest, and so the mean.
    [[nodiscard]] Duration sum() const { return sum_; }
    [[nodiscard]] Duration smallest() const { return smallest_; }  ///< 0 where empty
    [[nodiscard]] Duration largest() const { return largest_; }
    [[nodiscard]] Duration mean() const;  ///< 0 where empty

    /// The order statistic of rank ceil(probability * count), within kLargestError; 0 where empty. `probability` is 0
    /// to 1.
    [[nodiscard]] Duration quantile(double probability) const;

    struct Interval {
        Duration low{0};
        Duration high{0};
    };
    /// 95 % interval of the quantile by order statistics; absent where there are too few.
    [[nodiscard]] std::optional<Interval> quantile_interval(double probability) const;

    /// How many durations are at most `bound`. A bucket that holds the bound counts whole where its middle is at most
    /// the bound, so the answer is exact for a bound moved by kLargestError at most.
    [[nodiscard]] std::uint64_t count_at_most(Duration bound) const;

    /// Those that are not empty, ascending.
    [[nodiscard]] std::vector<Bucket> buckets() const;

    bool operator==(const LatencyHistogram&) const = default;

private:
    [[nodiscard]] Duration at_rank(std::uint64_t rank) const;

    std::vector<std::uint64_t> counts_;  ///< up to the highest bucket in use
    std::uint64_t count_ = 0;
    Duration sum_{0};
    Duration smallest_{0};
    Duration largest_{0};
};

/// The probabilities that latencies are stated at: 0.5, 0.9, 0.95, 0.99, 0.999.
std::span<const double> stated_quantiles();

}  // namespace carbonedge
