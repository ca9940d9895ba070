#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <cstdint>

namespace carbonedge {

TEST_CASE("the numbers of a seed are those of the published SplitMix64") {
    // First outputs of the reference implementation (prng.di.unimi.it/splitmix64.c) for seed 1234567.
    SeededRandom random(1234567);
    for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                         4593380528125082431ULL, 16408922859458223821ULL}) {
        CHECK(random.next() == expected);
    }
}

TEST_CASE("bounded numbers are in range and fill it evenly") {
    SeededRandom random(7);
    std::array<int, 6> counts{};
    constexpr int kDraws = 60'000;
    for (int i = 0; i < kDraws; ++i) {
        const std::uint64_t number = random.below(6);
        REQUIRE(number < 6);
        ++counts[number];
    }
    for (const int count : counts) CHECK(std::abs(count - kDraws / 6) < 5 * std::sqrt(kDraws / 6.0));
    CHECK(random.below(1) == 0);
    for (int i = 0; i < 1'000; ++i) {
        const double number = random.uniform(-2.0, 3.0);
        CHECK((number >= -2.0 && number < 3.0));
    }
}

TEST_CASE("normal numbers have mean 0 and standard deviation 1") {
    SeededRandom random(11);
    constexpr int kDraws = 100'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double number = random.normal();
        REQUIRE(std::isfinite(number));
        sum += number;
        squares += number * number;
    }
    CHECK(std::abs(sum / kDraws) < 5 / std::sqrt(kDraws));
    CHECK(squares / kDraws == doctest::Approx(1.0).epsilon(0.02));
}

}  // namespace carbonedge
