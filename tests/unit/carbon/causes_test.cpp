#include "lib/carbon/causes.h"
#include "lib/base/random.h"
#include "lib/carbon/shapley.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace carbonedge {
namespace {

CarbonFactors random_factors(SeededRandom& random) {
    return {CarbonIntensity(random.uniform(20, 900)), Seconds(random.uniform(.001, 2)), Watts(random.uniform(.5, 200)),
            Joules(random.uniform(0, 20)), GramsCo2e(random.uniform(0, .01))};
}

GramsCo2e with_first_changed(const CarbonFactors& before, const CarbonFactors& after, const std::array<int, 5>& order,
                             std::size_t count) {
    CarbonFactors mixed = before;
    for (std::size_t i = 0; i < count; ++i) {
        if (order[i] == 0) mixed.intensity = after.intensity;
        if (order[i] == 1) mixed.cpu_time = after.cpu_time;
        if (order[i] == 2) mixed.power = after.power;
        if (order[i] == 3) mixed.overhead = after.overhead;
        if (order[i] == 4) mixed.embodied = after.embodied;
    }
    return mixed.grams();
}

/// The definition: the mean over all 120 orders of what each cause adds when its turn comes.
std::array<double, 5> by_every_order(const CarbonFactors& before, const CarbonFactors& after) {
    std::array<int, 5> order{0, 1, 2, 3, 4};
    std::array<double, 5> sums{};
    int orders = 0;
    do {
        for (std::size_t i = 0; i < 5; ++i) {
            const GramsCo2e added =
                with_first_changed(before, after, order, i + 1) - with_first_changed(before, after, order, i);
            sums[static_cast<std::size_t>(order[i])] += added.value();
        }
        ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    for (double& sum : sums) sum /= orders;
    return sums;
}

std::array<double, 5> parts_of(const CauseSplit& split) {
    return {split.electricity.value(), split.time.value(), split.power.value(), split.overhead.value(),
            split.embodied.value()};
}

}  // namespace

TEST_CASE("the published Green against monolithic: electricity -.001548, time +.000306, together -.001242 g") {
    const CarbonFactors monolithic{CarbonIntensity(530), Seconds(.25485), Watts(141), Joules(0), GramsCo2e(0)};
    const CarbonFactors green{CarbonIntensity(380), Seconds(.27202), Watts(141), Joules(0), GramsCo2e(0)};
    const CauseSplit split = split_difference(monolithic, green);
    CHECK(split.electricity.value() == doctest::Approx(-.001548).epsilon(.0005));
    CHECK(split.time.value() == doctest::Approx(.000306).epsilon(.002));
    CHECK(split.power.value() == 0);
    CHECK(split.overhead.value() == 0);
    CHECK(split.embodied.value() == 0);
    CHECK(split.total().value() == doctest::Approx(-.001242).epsilon(.0005));
    CHECK(split.total() / monolithic.grams() == doctest::Approx(-.235).epsilon(.002));
}

TEST_CASE("causes sum to the difference, equal the mean over all orders, and change sign when swapped") {
    SeededRandom random(7);
    for (int i = 0; i < 200; ++i) {
        const CarbonFactors before = random_factors(random);
        const CarbonFactors after = random_factors(random);
        const CauseSplit split = split_difference(before, after);
        const double scale = std::max(before.grams().value(), after.grams().value());
        CHECK(std::abs(split.total().value() - (after.grams() - before.grams()).value()) <= 1e-14 * scale);

        const auto expected = by_every_order(before, after);
        const auto parts = parts_of(split);
        const auto swapped = parts_of(split_difference(after, before));
        for (std::size_t cause = 0; cause < 5; ++cause) {
            CHECK(std::abs(parts[cause] - expected[cause]) <= 1e-13 * scale);
            CHECK(std::abs(parts[cause] + swapped[cause]) <= 1e-14 * scale);
        }
    }
}

TEST_CASE("a cause that did not change gets nothing") {
    SeededRandom random(11);
    for (int i = 0; i < 50; ++i) {
        const CarbonFactors before = random_factors(random);
        CarbonFactors after = random_factors(random);
        after.power = before.power;
        after.embodied = before.embodied;
        const CauseSplit split = split_difference(before, after);
        CHECK(split.power.value() == 0);
        CHECK(split.embodied.value() == 0);
    }
    const CarbonFactors same = random_factors(random);
    CHECK(split_difference(same, same) == CauseSplit{});
}

TEST_CASE("factors that differ in their last bits are one factor") {
    const CarbonFactors before{CarbonIntensity(530), Seconds(.01), Watts(2.76), Joules(.001), GramsCo2e(0)};
    CarbonFactors after = before;
    after.cpu_time = Seconds(.011);
    after.power = Watts(std::nextafter(std::nextafter(2.76, 3.0), 3.0));
    after.intensity = CarbonIntensity(std::nextafter(530.0, 600.0));
    const CauseSplit split = split_difference(before, after);
    CHECK(split.power.value() == 0.0);
    CHECK(split.electricity.value() == 0.0);
    CHECK(split.time.value() > 0.0);
}

TEST_CASE("what an account without joules cannot have is not blamed") {
    const CarbonFactors nothing{};
    const CarbonFactors some{CarbonIntensity(360), Seconds(2), Watts(10), Joules(0), GramsCo2e(0)};
    const CauseSplit split = split_difference(nothing, some);
    CHECK(split.electricity.value() == 0);
    CHECK(split.power.value() == 0);
    CHECK(split.time.value() == doctest::Approx(.002));
}

TEST_CASE("factors of a ledger give its grams back") {
    SeededRandom random(3);
    for (int i = 0; i < 50; ++i) {
        Ledger ledger;
        for (const LedgerKind kind : {LedgerKind::kCompute, LedgerKind::kCompute, LedgerKind::kTransport,
                                      LedgerKind::kLink, LedgerKind::kIdle}) {
            EnergyReading energy;
            energy.joules = Joules(random.uniform(0, 5));
            LedgerEntry entry = operational_entry(kind, "n", "", energy, CarbonIntensity(random.uniform(20, 900)));
            if (kind == LedgerKind::kCompute) entry.cpu_time = Seconds(random.uniform(.01, 1));
            ledger.entries.push_back(entry);
        }
        LedgerEntry embodied;
        embodied.kind = LedgerKind::kEmbodied;
        embodied.grams = GramsCo2e(random.uniform(0, .001));
        ledger.entries.push_back(embodied);
        CHECK(carbon_factors(ledger).grams().value() == doctest::Approx(total_grams(ledger).value()).epsilon(1e-13));
    }
}

TEST_CASE("shapley values of known games") {
    SUBCASE("gloves: one left, two right") {
        const auto values = shapley_values(3, [](std::uint32_t c) { return (c & 1) != 0 && (c & 6) != 0 ? 1.0 : 0.0; });
        CHECK(values[0] == doctest::Approx(2.0 / 3));
        CHECK(values[1] == doctest::Approx(1.0 / 6));
        CHECK(values[2] == doctest::Approx(1.0 / 6));
    }
    SUBCASE("one player takes all") {
        CHECK(shapley_values(1, [](std::uint32_t c) { return c * 4.0; })[0] == 4.0);
    }
    SUBCASE("airport with runways 1, 2, 3") {
        const auto values = shapley_values(3, [](std::uint32_t c) { return (c & 4) ? 3.0 : (c & 2) ? 2.0 : c * 1.0; });
        CHECK(values[0] == doctest::Approx(1.0 / 3));
        CHECK(values[1] == doctest::Approx(5.0 / 6));
        CHECK(values[2] == doctest::Approx(11.0 / 6));
    }
}

}  // namespace carbonedge
