#include "lib/measure/statistics.h"

#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace carbonedge {

TEST_CASE("quartiles follow type 7, as numpy.percentile gives them") {
    struct Case {
        std::vector<double> samples;
        double min, q1, median, q3, mean;
    };
    const Case cases[] = {
        {{7}, 7, 7, 7, 7, 7},
        {{2, 1}, 1, 1.25, 1.5, 1.75, 1.5},
        {{4, 1, 3, 2}, 1, 1.75, 2.5, 3.25, 2.5},
        {{1, 2, 3, 4, 5}, 1, 2, 3, 4, 3},
        {{10, 1, 1, 1, 1, 1}, 1, 1, 1, 1, 2.5},
        {{3.5, -1, 8, 2.25, 0, 12, 7}, -1, 1.125, 3.5, 7.5, 4.535714285714286},
    };
    for (const Case& test : cases) {
        CAPTURE(test.samples.size());
        const SampleSummary summary = summarise(test.samples);
        CHECK(summary.count == test.samples.size());
        CHECK(summary.min == doctest::Approx(test.min));
        CHECK(summary.q1 == doctest::Approx(test.q1));
        CHECK(summary.median == doctest::Approx(test.median));
        CHECK(summary.q3 == doctest::Approx(test.q3));
        CHECK(summary.mean == doctest::Approx(test.mean));
        CHECK(median(test.samples) == doctest::Approx(test.median));
    }
    CHECK_THROWS_AS(summarise(std::vector<double>{}), std::invalid_argument);
}

TEST_CASE("ranks of the median's 95 % interval are those of the sign-test tables") {
    // Exact values from scipy.stats.binom; above 1000 the normal approximation may give one rank less than the best.
    // Conover, Practical Nonparametric Statistics: largest l with P(binomial(n, 1/2) <= l - 1) <= 0.025.
    struct Case {
        std::size_t count, rank;
        double coverage;
    };
    for (const Case& test :
         {Case{5, 0, 0}, Case{6, 1, 0.96875}, Case{8, 1, 0.9921875}, Case{9, 2, 0.9609375}, Case{10, 2, 0.978515625},
          Case{15, 4, 0.96484375}, Case{20, 6, 0.958610535}, Case{30, 10, 0.957226}, Case{50, 18, 0.967161},
          Case{100, 40, 0.964800}, Case{1000, 469, 0.953743}, Case{1001, 469, 0.956911}}) {
        CAPTURE(test.count);
        CHECK(median_interval_rank(test.count) == test.rank);
        if (test.rank == 0) continue;
        std::vector<double> samples;
        for (std::size_t i = 0; i < test.count; ++i) samples.push_back(static_cast<double>(i + 1));
        const SampleSummary summary = summarise(samples);
        CHECK(summary.median_low == static_cast<double>(test.rank));
        CHECK(summary.median_high == static_cast<double>(test.count + 1 - test.rank));
        CHECK(summary.coverage == doctest::Approx(test.coverage).epsilon(1e-3));
    }
}

TEST_CASE("the interval holds the true median as often as it says, for a skewed distribution") {
    SeededRandom random(11);
    int held = 0;
    constexpr int kTrials = 2000;
    const double truth = std::log(2.0);
    for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<double> samples;
        for (int i = 0; i < 20; ++i) samples.push_back(-std::log(1 - random.uniform()));
        const SampleSummary summary = summarise(samples);
        if (summary.median_low <= truth && truth <= summary.median_high) ++held;
    }
    CHECK(held > kTrials * 0.945);
    CHECK(held < kTrials * 0.972);
}

TEST_CASE("too few samples or a zero median have no relative confidence") {
    CHECK(std::isinf(summarise(std::vector<double>{1, 2, 3, 4, 5}).relative_confidence()));
    CHECK(std::isinf(summarise(std::vector<double>{0, 0, 0, 0, 0, 0, 0}).relative_confidence()));
    CHECK(summarise(std::vector<double>{9, 10, 10, 10, 10, 11}).relative_confidence() == doctest::Approx(0.1));
}

}  // namespace carbonedge
