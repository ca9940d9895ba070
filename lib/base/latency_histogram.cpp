#include "lib/base/latency_histogram.h"

#include "lib/base/order_statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace carbonedge {
namespace {

using Duration = LatencyHistogram::Duration;

/// 2^7 buckets in every power of two; below 2^7 each duration has its own.
constexpr unsigned kBits = 7;
constexpr std::size_t kDivisions = std::size_t{1} << kBits;

std::size_t bucket_of(std::uint64_t value) {
    if (value < kDivisions) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return (shift + 1) * kDivisions + static_cast<std::size_t>((value >> shift) - kDivisions);
}

std::uint64_t low_of(std::size_t bucket) {
    if (bucket < kDivisions) return bucket;
    const std::size_t shift = bucket / kDivisions - 1;
    return static_cast<std::uint64_t>(kDivisions + bucket % kDivisions) << shift;
}

std::uint64_t high_of(std::size_t bucket) {
    if (bucket < kDivisions) return bucket;
    const std::size_t shift = bucket / kDivisions - 1;
    return low_of(bucket) + ((std::uint64_t{1} << shift) - 1);
}

Duration middle_of(std::size_t bucket) {
    const std::uint64_t low = low_of(bucket);
    return Duration(static_cast<std::int64_t>(low + (high_of(bucket) - low) / 2));
}

}  // namespace

void LatencyHistogram::record(Duration duration, std::uint64_t times) {
    if (times == 0) return;
    duration = std::max(duration, Duration(0));
    const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(duration.count()));
    if (bucket >= counts_.size()) counts_.resize(bucket + 1, 0);
    counts_[bucket] += times;
    smallest_ = count_ == 0 ? duration : std::min(smallest_, duration);
    largest_ = std::max(largest_, duration);
    count_ += times;
    sum_ += duration * static_cast<std::int64_t>(times);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
    if (other.empty()) return;
    if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size(), 0);
    for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
    smallest_ = empty() ? other.smallest_ : std::min(smallest_, other.smallest_);
    largest_ = std::max(largest_, other.largest_);
    count_ += other.count_;
    sum_ += other.sum_;
}

Duration LatencyHistogram::mean() const {
    return empty() ? Duration(0) : Duration(sum_.count() / static_cast<std::int64_t>(count_));
}

Duration LatencyHistogram::at_rank(std::uint64_t rank) const {
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        passed += counts_[bucket];
        if (passed >= rank) return std::clamp(middle_of(bucket), smallest_, largest_);
    }
    return largest_;
}

Duration LatencyHistogram::quantile(double probability) const {
    if (empty()) return Duration(0);
    // A product like 0.95 * 20 must not be taken for 19.000000000000004.
    constexpr double kRounding = 1e-9;
    const double rank = std::ceil(probability * static_cast<double>(count_) - kRounding);
    return at_rank(std::clamp(static_cast<std::uint64_t>(std::max(rank, 1.0)), std::uint64_t{1}, count_));
}

std::optional<LatencyHistogram::Interval> LatencyHistogram::quantile_interval(double probability) const {
    const auto ranks = quantile_rank_interval(count_, probability);
    if (!ranks) return std::nullopt;
    return Interval{at_rank(ranks->low), at_rank(ranks->high)};
}

std::uint64_t LatencyHistogram::count_at_most(Duration bound) const {
    if (bound >= largest_) return count_;
    if (bound < smallest_) return 0;
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket < counts_.size() && middle_of(bucket) <= bound; ++bucket) {
        passed += counts_[bucket];
    }
    return passed;
}

std::vector<LatencyHistogram::Bucket> LatencyHistogram::buckets() const {
    std::vector<Bucket> filled;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        if (counts_[bucket] == 0) continue;
        filled.push_back({Duration(static_cast<std::int64_t>(low_of(bucket))),
                          Duration(static_cast<std::int64_t>(high_of(bucket))), counts_[bucket]});
    }
    return filled;
}

std::span<const double> stated_quantiles() {
    static constexpr std::array<double, 5> kStated{0.5, 0.9, 0.95, 0.99, 0.999};
    return kStated;
}

}  // namespace carbonedge
