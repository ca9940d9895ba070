#include "lib/base/latency_histogram.h"
#include "lib/base/order_statistics.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace carbonedge {
namespace {

using Duration = LatencyHistogram::Duration;

/// Latencies of several shapes: spread over decades, in a narrow band, two modes.
std::vector<Duration> made_up_latencies(std::uint64_t seed, std::size_t count) {
    SeededRandom random(seed);
    std::vector<Duration> latencies;
    for (std::size_t i = 0; i < count; ++i) {
        double nanoseconds = 0;
        if (seed % 3 == 0) nanoseconds = std::exp(random.uniform(0, 30));
        if (seed % 3 == 1) nanoseconds = 5e6 + 1e5 * random.normal();
        if (seed % 3 == 2) nanoseconds = (random.uniform() < 0.9 ? 1e6 : 80e6) * random.uniform(0.9, 1.1);
        latencies.emplace_back(static_cast<std::int64_t>(nanoseconds));
    }
    return latencies;
}

/// The definition, counted out.
Duration order_statistic(std::vector<Duration> values, double probability) {
    std::sort(values.begin(), values.end());
    std::size_t rank = 1;
    while (static_cast<double>(rank) < probability * static_cast<double>(values.size()) - 1e-9) ++rank;
    return values[rank - 1];
}

bool is_close(Duration found, Duration expected) {
    const double allowed = LatencyHistogram::kLargestError * static_cast<double>(expected.count());
    return std::abs(static_cast<double>((found - expected).count())) <= allowed;
}

}  // namespace

TEST_CASE("quantiles are within 0.4 % of the order statistics of the same rank") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        for (const std::size_t count : {1U, 2U, 20U, 999U, 20'000U}) {
            const std::vector<Duration> latencies = made_up_latencies(seed, count);
            LatencyHistogram histogram;
            for (const Duration latency : latencies) histogram.record(latency);
            CAPTURE(seed);
            CAPTURE(count);
            for (const double probability : {0.0, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
                CAPTURE(probability);
                CHECK(is_close(histogram.quantile(probability), order_statistic(latencies, probability)));
            }
        }
    }
}

TEST_CASE("count, sum, mean, smallest and largest are exact") {
    LatencyHistogram histogram;
    CHECK(histogram.empty());
    CHECK(histogram.mean() == Duration(0));
    CHECK(histogram.quantile(0.5) == Duration(0));
    CHECK(!histogram.quantile_interval(0.5).has_value());
    histogram.record(Duration(1'000'003));
    histogram.record(Duration(7));
    histogram.record(Duration(-5));
    histogram.record(Duration(20), 2);
    CHECK(histogram.count() == 5);
    CHECK(histogram.sum() == Duration(1'000'050));
    CHECK(histogram.mean() == Duration(200'010));
    CHECK(histogram.smallest() == Duration(0));
    CHECK(histogram.largest() == Duration(1'000'003));
    CHECK(histogram.quantile(1) == Duration(1'000'003));
}

TEST_CASE("any duration has a bucket that holds it and is narrow") {
    for (unsigned power = 0; power < 63; ++power) {
        for (const std::int64_t off : {-1, 0, 1}) {
            const std::int64_t value = (std::int64_t{1} << power) + off;
            LatencyHistogram histogram;
            histogram.record(Duration(value));
            const std::vector<LatencyHistogram::Bucket> buckets = histogram.buckets();
            REQUIRE(buckets.size() == 1);
            CHECK(buckets[0].low.count() <= value);
            CHECK(buckets[0].high.count() >= value);
            CHECK(static_cast<double>((buckets[0].high - buckets[0].low).count()) <=
                  static_cast<double>(buckets[0].low.count()) / 128);
        }
    }
    LatencyHistogram longest;
    longest.record(Duration(std::numeric_limits<std::int64_t>::max()));
    CHECK(longest.quantile(0.5) == Duration(std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("histograms of parts add up to that of the whole") {
    const std::vector<Duration> latencies = made_up_latencies(3, 5'000);
    LatencyHistogram whole;
    LatencyHistogram even;
    LatencyHistogram odd;
    for (std::size_t i = 0; i < latencies.size(); ++i) {
        whole.record(latencies[i]);
        (i % 2 == 0 ? even : odd).record(latencies[i]);
    }
    LatencyHistogram sum;
    sum.merge(LatencyHistogram());
    sum.merge(even);
    sum.merge(odd);
    CHECK(sum == whole);
    odd.merge(even);
    CHECK(odd == whole);
}

TEST_CASE("counts up to a bound are those of a bound 0.4 % away at most") {
    const std::vector<Duration> latencies = made_up_latencies(0, 10'000);
    LatencyHistogram histogram;
    for (const Duration latency : latencies) histogram.record(latency);
    std::uint64_t before = 0;
    for (double bound = 10; bound < 1e13; bound *= 1.7) {
        const auto at_most = [&](double limit) {
            return static_cast<std::uint64_t>(std::count_if(latencies.begin(), latencies.end(), [&](Duration latency) {
                return static_cast<double>(latency.count()) <= limit;
            }));
        };
        const std::uint64_t found = histogram.count_at_most(Duration(static_cast<std::int64_t>(bound)));
        CHECK(found >= at_most(bound * (1 - LatencyHistogram::kLargestError) - 1));
        CHECK(found <= at_most(bound * (1 + LatencyHistogram::kLargestError) + 1));
        CHECK(found >= before);
        before = found;
    }
    CHECK(histogram.count_at_most(histogram.largest()) == latencies.size());
    CHECK(histogram.count_at_most(Duration(-1)) == 0);
}

TEST_CASE("intervals of quantiles need enough values") {
    // P(all n values at or below the quantile) = p^n must be 2.5 % at most: n = ln 0.025 / ln p.
    struct Case {
        double probability;
        std::size_t least;
    };
    for (const Case& example : {Case{0.5, 6}, Case{0.9, 36}, Case{0.95, 72}, Case{0.99, 368}, Case{0.999, 3688}}) {
        CAPTURE(example.probability);
        CHECK(!quantile_rank_interval(example.least - 1, example.probability).has_value());
        CHECK(quantile_rank_interval(example.least, example.probability).has_value());
    }
    CHECK(!quantile_rank_interval(0, 0.5).has_value());
    CHECK(!reaches_quantile(999, 0.999));
    CHECK(reaches_quantile(1'000, 0.999));
    CHECK(reaches_quantile(20, 0.95));
    CHECK(!reaches_quantile(19, 0.95));
}

TEST_CASE("intervals of quantiles hold the true one in 95 of 100 samples at least") {
    // Of Exp(1) the quantile is -ln(1 - p).
    SeededRandom random(5);
    constexpr int kSamples = 2'000;
    for (const double probability : {0.5, 0.95}) {
        int held = 0;
        for (int sample = 0; sample < kSamples; ++sample) {
            LatencyHistogram histogram;
            for (int i = 0; i < 200; ++i) {
                histogram.record(Duration(static_cast<std::int64_t>(-1e9 * std::log1p(-random.uniform()))));
            }
            const auto interval = histogram.quantile_interval(probability);
            REQUIRE(interval.has_value());
            const Duration truth(static_cast<std::int64_t>(-1e9 * std::log1p(-probability)));
            if (interval->low <= truth && truth <= interval->high) ++held;
        }
        // Three standard errors below 95 %; buckets of 0.4 % move the ends by less than the conservatism of ranks.
        CHECK(held >= static_cast<int>(kSamples * (0.95 - 3 * std::sqrt(0.95 * 0.05 / kSamples))));
    }
}

TEST_CASE("ranks of large samples are those of the normal distribution") {
    const auto ranks = quantile_rank_interval(100'000'000, 0.5);
    REQUIRE(ranks.has_value());
    CHECK(std::abs(static_cast<double>(ranks->low) - (5e7 - 1.959964 * 5e3)) < 3);
    CHECK(std::abs(static_cast<double>(ranks->high) - (5e7 + 1.959964 * 5e3)) < 3);
}

}  // namespace carbonedge
