#include "lib/gate/randomisation.h"

#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <cmath>

namespace carbonedge {
namespace {

/// Symmetric about 0 with heavy tails: a normal over the root of another's square.
double heavy_tailed(SeededRandom& random) { return random.normal() / std::sqrt(0.1 + std::abs(random.normal())); }

bool claims_any(const FamilyEvidence& evidence, double tail) {
    for (const double p : evidence.increase) {
        if (p <= tail) return true;
    }
    for (const double p : evidence.decrease) {
        if (p <= tail) return true;
    }
    return false;
}

/// Of trials without any difference, at most as many may claim one as the level says, and three deviations of chance.
double most_by_chance(double level, int trials) { return level * trials + 3 * std::sqrt(level * (1 - level) * trials); }

}  // namespace

TEST_CASE("sign flips: all rounds the same way give the least p-value there is") {
    const std::vector<std::vector<double>> differences{{0.05, 0.06, 0.05, 0.04, 0.05, 0.07, 0.05, 0.05}};
    const FamilyEvidence evidence = sign_flip_evidence(differences, 0);
    CHECK(evidence.increase[0] == doctest::Approx(1.0 / 256));
    CHECK(evidence.decrease[0] == doctest::Approx(1.0));
    CHECK(least_sign_flip_p(8) == doctest::Approx(1.0 / 256));
}

TEST_CASE("sign flips: one quantity that does move among many that do not") {
    SeededRandom random(7);
    std::vector<std::vector<double>> differences(200, std::vector<double>(12));
    for (auto& each : differences) {
        for (double& value : each) value = 0.03 * heavy_tailed(random);
    }
    for (double& value : differences[117]) value = 0.3 + 0.01 * random.normal();
    const FamilyEvidence evidence = sign_flip_evidence(differences, 0);
    CHECK(evidence.increase[117] <= 0.005);
    for (std::size_t q = 0; q < differences.size(); ++q) {
        if (q != 117) CHECK(evidence.increase[q] > 0.005);
    }
}

TEST_CASE("sign flips: false claims among 20 quantities together stay within their level") {
    SeededRandom random(1);
    constexpr int kTrials = 2000;
    constexpr double kTail = 0.02;
    int claims = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<std::vector<double>> differences(20, std::vector<double>(9));
        for (std::size_t round = 0; round < 9; ++round) {
            const double common = heavy_tailed(random);  // layers of one round are alike
            for (auto& each : differences) each[round] = common + heavy_tailed(random);
        }
        claims += claims_any(sign_flip_evidence(differences, 0), kTail) ? 1 : 0;
    }
    CHECK(claims > 0);
    CHECK(claims <= most_by_chance(2 * kTail, kTrials));
}

TEST_CASE("sign flips: drawn patterns agree with all of them") {
    SeededRandom random(3);
    std::vector<std::vector<double>> twelve(1, std::vector<double>(12));
    for (double& value : twelve[0]) value = 0.4 + random.normal();
    std::vector<std::vector<double>> thirteen = twelve;
    thirteen[0].push_back(0.0);  // a round without a difference changes no share of patterns
    const double all = sign_flip_evidence(twelve, 0).increase[0];
    CHECK(sign_flip_evidence(thirteen, 5).increase[0] == doctest::Approx(all).epsilon(0.15));
}

TEST_CASE("permutations: separated runs give the least p-value there is") {
    const std::vector<std::vector<double>> before{{1.0, 1.01, 0.99, 1.02, 1.0}};
    const std::vector<std::vector<double>> after{{1.2, 1.21, 1.19, 1.22, 1.2}};
    CHECK(permutation_evidence(before, after, 0).increase[0] == doctest::Approx(1.0 / 252));
    CHECK(permutation_evidence(after, before, 0).decrease[0] == doctest::Approx(1.0 / 252));
    CHECK(least_permutation_p(5, 5) == doctest::Approx(1.0 / 252));
    CHECK(least_permutation_p(10, 1) == doctest::Approx(1.0 / 11));
}

TEST_CASE("permutations: false claims among 20 quantities together stay within their level") {
    SeededRandom random(2);
    constexpr int kTrials = 1000;
    constexpr double kTail = 0.02;
    int claims = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<std::vector<double>> before(20, std::vector<double>(5));
        std::vector<std::vector<double>> after(20, std::vector<double>(5));
        for (std::size_t run = 0; run < 5; ++run) {
            const double first = heavy_tailed(random);
            const double second = heavy_tailed(random);
            for (std::size_t q = 0; q < before.size(); ++q) {
                before[q][run] = first + heavy_tailed(random);
                after[q][run] = second + heavy_tailed(random);
            }
        }
        claims += claims_any(permutation_evidence(before, after, 0), kTail) ? 1 : 0;
    }
    CHECK(claims > 0);
    CHECK(claims <= most_by_chance(2 * kTail, kTrials));
}

}  // namespace carbonedge
