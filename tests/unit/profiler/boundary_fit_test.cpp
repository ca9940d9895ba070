#include "lib/profiler/boundary_fit.h"

#include "lib/base/random.h"

#include <doctest/doctest.h>
#include <vector>

namespace carbonedge {
namespace {

/// Samples of a chain whose borders really cost `fixed` + bytes x `per_byte`, disturbed by `noise` of the stage's time.
std::vector<BoundarySample> samples(double fixed, double per_byte, double noise, std::uint64_t seed) {
    SeededRandom random(seed);
    std::vector<BoundarySample> made;
    for (int i = 0; i < 24; ++i) {
        BoundarySample sample;
        sample.bytes = random.uniform(1e3, 2e6);
        sample.measured_ns = random.uniform(1e6, 4e7);
        sample.extra_ns = fixed + per_byte * sample.bytes + noise * sample.measured_ns * random.normal();
        made.push_back(sample);
    }
    return made;
}

}  // namespace

TEST_CASE("without noise the fit finds the truth") {
    for (const BoundaryCost truth :
         {BoundaryCost{0, 0}, BoundaryCost{20'000, 0}, BoundaryCost{0, 0.3}, BoundaryCost{15'000, 0.2}}) {
        CAPTURE(truth.fixed_ns);
        CAPTURE(truth.per_byte_ns);
        const BoundaryCost found = fit_boundary(samples(truth.fixed_ns, truth.per_byte_ns, 0, 3));
        CHECK(found.fixed_ns == doctest::Approx(truth.fixed_ns).epsilon(1e-6));
        CHECK(found.per_byte_ns == doctest::Approx(truth.per_byte_ns).epsilon(1e-6));
    }
}

TEST_CASE("noise and a few wild samples move the prediction little") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::vector<BoundarySample> disturbed = samples(30'000, 0.2, 0.001, seed);
        disturbed[3].extra_ns += 5e6;
        disturbed[11].extra_ns += 8e6;
        const BoundaryCost found = fit_boundary(disturbed);
        const double truth = 30'000 + 0.2 * 1e6;
        CHECK(found.fixed_ns + found.per_byte_ns * 1e6 == doctest::Approx(truth).epsilon(0.15));
    }
}

TEST_CASE("costs are never negative, whatever the samples say") {
    SeededRandom random(5);
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<BoundarySample> wild;
        for (int i = 0; i < 6; ++i) {
            wild.push_back({1, random.uniform(0, 1e6), random.uniform(-1e6, 1e6), random.uniform(1e5, 1e7)});
        }
        const BoundaryCost found = fit_boundary(wild);
        CHECK(found.fixed_ns >= 0);
        CHECK(found.per_byte_ns >= 0);
    }
    CHECK(fit_boundary(std::vector<BoundarySample>{{1, 10, -5, 1e6}, {1, 20, -5, 1e6}}) == BoundaryCost{0, 0});
    CHECK(fit_boundary({}) == BoundaryCost{0, 0});
}

TEST_CASE("cuts of one size give a cost that explains them") {
    std::vector<BoundarySample> same(5, BoundarySample{1, 1000, 400, 1e6});
    const BoundaryCost found = fit_boundary(same);
    CHECK(found.fixed_ns + 1000 * found.per_byte_ns == doctest::Approx(400));
}

}  // namespace carbonedge
