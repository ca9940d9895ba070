#include "lib/gate/rank_intervals.h"

#include "lib/base/random.h"
#include "lib/gate/block_bootstrap.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <numeric>
#include <vector>

namespace carbonedge {
namespace {

/// P(W <= w) of the signed-rank sum by going through all patterns of signs: a second formulation.
double signed_rank_chance(std::size_t n, std::size_t w) {
    std::size_t reached = 0;
    for (std::size_t pattern = 0; pattern < (std::size_t{1} << n); ++pattern) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += ((pattern >> i) & 1U) != 0 ? i + 1 : 0;
        reached += sum <= w ? 1 : 0;
    }
    return static_cast<double>(reached) / static_cast<double>(std::size_t{1} << n);
}

/// P(U <= u) by going through all choices of n + m.
double rank_sum_chance(std::size_t n, std::size_t m, std::size_t u) {
    std::size_t reached = 0;
    std::size_t all = 0;
    for (std::size_t pattern = 0; pattern < (std::size_t{1} << (n + m)); ++pattern) {
        std::size_t count = 0;
        std::size_t inverted = 0;
        std::size_t firsts = 0;
        for (std::size_t i = 0; i < n + m; ++i) {
            if (((pattern >> i) & 1U) != 0) {
                ++count;
                inverted += firsts;
            } else {
                ++firsts;
            }
        }
        if (count != m) continue;
        ++all;
        reached += inverted <= u ? 1 : 0;
    }
    return static_cast<double>(reached) / static_cast<double>(all);
}

}  // namespace

TEST_CASE("signed ranks: bounds are the order statistics that the exact distribution allows") {
    SeededRandom random(4);
    for (const std::size_t n : {5U, 8U, 10U, 12U}) {
        CAPTURE(n);
        std::vector<double> values(n);
        for (double& value : values) value = random.normal();
        std::vector<double> means;
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = i; j < n; ++j) means.push_back((values[i] + values[j]) / 2);
        }
        std::sort(means.begin(), means.end());
        for (const double tail : {0.005, 0.05}) {
            std::size_t rank = 0;
            while (signed_rank_chance(n, rank) <= tail) ++rank;
            const RankEstimate estimate = signed_rank_estimate(values, tail);
            CHECK(estimate.low.has_value() == (rank > 0));
            if (rank == 0) continue;
            CHECK(*estimate.low == means[rank - 1]);
            CHECK(*estimate.high == means[means.size() - rank]);
        }
    }
}

TEST_CASE("rank sums: bounds are the order statistics that the exact distribution allows") {
    SeededRandom random(5);
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{5, 5}, {4, 7}, {8, 3}, {2, 2}}) {
        CAPTURE(n);
        CAPTURE(m);
        std::vector<double> before(n);
        std::vector<double> after(m);
        for (double& value : before) value = random.normal();
        for (double& value : after) value = random.normal() + 1;
        std::vector<double> shifts;
        for (const double late : after) {
            for (const double early : before) shifts.push_back(late - early);
        }
        std::sort(shifts.begin(), shifts.end());
        for (const double tail : {0.005, 0.05}) {
            std::size_t rank = 0;
            while (rank_sum_chance(n, m, rank) <= tail) ++rank;
            const RankEstimate estimate = rank_sum_estimate(before, after, tail);
            CHECK(estimate.low.has_value() == (rank > 0));
            if (rank > 0) CHECK(*estimate.low == shifts[rank - 1]);
        }
    }
}

TEST_CASE("rank intervals: the normal approximation joins on to the exact ranks") {
    // 61 differences are the first beyond the exact table.
    SeededRandom random(6);
    std::vector<double> values(61);
    for (double& value : values) value = random.normal();
    const RankEstimate approximate = signed_rank_estimate(values, 0.005);
    values.pop_back();
    const RankEstimate exact = signed_rank_estimate(values, 0.005);
    CHECK(*approximate.low == doctest::Approx(*exact.low).epsilon(0.15));
    CHECK(*approximate.high == doctest::Approx(*exact.high).epsilon(0.15));
}

TEST_CASE("block bootstrap: values that hang together spread their median more than values that do not") {
    SeededRandom random(8);
    std::vector<double> together;
    double state = 0;
    for (int i = 0; i < 400; ++i) {
        state = 0.9 * state + random.normal();
        together.push_back(state);
    }
    std::vector<double> shuffled = together;
    for (std::size_t i = shuffled.size() - 1; i > 0; --i) std::swap(shuffled[i], shuffled[random.below(i + 1)]);
    CHECK(block_length(together) > block_length(shuffled));
    const auto width = [](const std::vector<double>& values) {
        const std::vector<double> medians = bootstrap_medians(values, 500, 1);
        return medians[474] - medians[25];
    };
    CHECK(width(together) > 2 * width(shuffled));
    CHECK(bootstrap_medians(together, 3, 1) == bootstrap_medians(together, 3, 1));
}

TEST_CASE("block bootstrap: few and equal values") {
    const std::vector<double> one{3};
    CHECK(bootstrap_medians(one, 4, 0) == std::vector<double>(4, 3.0));
    const std::vector<double> equal(50, 2.0);
    CHECK(bootstrap_medians(equal, 4, 0) == std::vector<double>(4, 2.0));
}

}  // namespace carbonedge
