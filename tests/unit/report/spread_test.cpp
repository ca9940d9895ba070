#include "lib/report/spread.h"
#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <vector>

namespace carbonedge {
namespace {

std::vector<double> ascending(std::size_t count) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i + 1);
    return values;
}

}  // namespace

TEST_CASE("quantiles are linear between order statistics") {
    const std::vector<double> values{1, 2, 3, 10};
    CHECK(quantile(values, 0) == 1);
    CHECK(quantile(values, .5) == 2.5);
    CHECK(quantile(values, 1) == 10);
    CHECK(quantile(values, .95) == doctest::Approx(3 + .85 * 7));
    CHECK(quantile(std::vector<double>{4}, .95) == 4);
}

TEST_CASE("ranks of quantile intervals are those of the binomial tables") {
    struct Row {
        std::size_t count;
        double probability;
        double low;
        double high;
    };
    // Median: Conover, Practical Nonparametric Statistics, table A3; 2.5 % points of Binomial(n, 1/2).
    for (const Row& row : {Row{6, .5, 1, 6}, Row{10, .5, 2, 9}, Row{20, .5, 6, 15}, Row{100, .5, 40, 61}}) {
        const auto values = ascending(row.count);
        const auto interval = quantile_interval(values, row.probability);
        CAPTURE(row.count);
        REQUIRE(interval);
        CHECK(interval->low == row.low);
        CHECK(interval->high == row.high);
    }
    CHECK_FALSE(quantile_interval(ascending(5), .5));
    CHECK_FALSE(quantile_interval(ascending(71), .95));
    CHECK(quantile_interval(ascending(72), .95));
}

TEST_CASE("intervals cover the truth about as often as they say") {
    SeededRandom random(42);
    int median_hits = 0;
    int mean_hits = 0;
    constexpr int kTrials = 200;
    for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<double> values(60);
        for (double& value : values) value = random.uniform();
        const auto spread = spread_of(values, 1);
        REQUIRE(spread);
        median_hits += spread->median_interval->low <= .5 && .5 <= spread->median_interval->high;
        mean_hits += spread->mean_interval->low <= .5 && .5 <= spread->mean_interval->high;
    }
    CHECK(median_hits >= kTrials * 92 / 100);
    CHECK(mean_hits >= kTrials * 90 / 100);
    CHECK(mean_hits < kTrials);
}

TEST_CASE("a seed gives the same interval again, and small samples have none") {
    const auto values = ascending(30);
    CHECK(spread_of(values, 5) == spread_of(values, 5));
    CHECK_FALSE(spread_of({}, 0));
    const auto few = spread_of({3, 1, 2}, 0);
    REQUIRE(few);
    CHECK(few->median == 2);
    CHECK(few->mean == 2);
    CHECK_FALSE(few->mean_interval);
    CHECK_FALSE(few->median_interval);
    CHECK_FALSE(few->p95_interval);
}

TEST_CASE("a large sample has the interval that the bootstrap tends to") {
    SeededRandom random(7);
    std::vector<double> values(10'000);
    for (double& value : values) value = static_cast<double>(random.below(1'000)) + 1;
    const auto bootstrap = mean_interval(values, 1);
    values.push_back(values.front());
    const auto normal = mean_interval(values, 1);
    REQUIRE((bootstrap && normal));
    CHECK(normal->half_width() == doctest::Approx(bootstrap->half_width()).epsilon(0.08));
    CHECK(normal->low == doctest::Approx(bootstrap->low).epsilon(0.003));
}

}  // namespace carbonedge
