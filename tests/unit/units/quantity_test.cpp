#include "lib/units/quantity.h"

#include <doctest/doctest.h>
#include <limits>
#include <type_traits>

namespace carbonedge {
namespace {

template <class Left, class Right>
concept Multiplies = requires(Left left, Right right) {
    left* right;
};
template <class Left, class Right>
concept Adds = requires(Left left, Right right) {
    left + right;
};
template <class Left, class Right>
concept Compares = requires(Left left, Right right) {
    left < right;
};
template <class Left, class Right>
concept Divides = requires(Left left, Right right) {
    left / right;
};

}  // namespace

// What physics has.
static_assert(std::is_same_v<decltype(Watts(1) * Seconds(1)), Joules>);
static_assert(std::is_same_v<decltype(Seconds(1) * Watts(1)), Joules>);
static_assert(std::is_same_v<decltype(Watts(1) * Nanoseconds(1)), Joules>);
static_assert(std::is_same_v<decltype(Joules(1) / Seconds(1)), Watts>);
static_assert(std::is_same_v<decltype(Joules(1) * CarbonIntensity(1)), GramsCo2e>);
static_assert(std::is_same_v<decltype(Bytes(1) / BytesPerSecond(1)), Seconds>);
static_assert(std::is_same_v<decltype(Bytes(1) * JoulesPerByte(1)), Joules>);
static_assert(std::is_same_v<decltype(Joules(1) / Joules(1)), double>);

// And what it has not (tests/compile_fail shows the compiler's words for the ones that people try).
static_assert(!Multiplies<Watts, CarbonIntensity> && !Multiplies<Watts, Watts> && !Multiplies<Joules, Joules>);
static_assert(!Multiplies<Joules, Seconds> && !Multiplies<GramsCo2e, CarbonIntensity> && !Multiplies<Bytes, Bytes>);
static_assert(!Adds<Joules, Watts> && !Adds<Joules, double> && !Adds<Joules, GramsCo2e> && !Adds<Bytes, Joules>);
static_assert(!Adds<Watts, Seconds> && !Adds<CarbonIntensity, GramsCo2e>);
static_assert(!Compares<Joules, Watts> && !Compares<Joules, double> && !Compares<GramsCo2e, CarbonIntensity>);
static_assert(!Divides<Joules, Watts> && !Divides<Watts, Joules> && !Divides<double, Joules>);
static_assert(!std::is_convertible_v<double, Joules> && !std::is_convertible_v<Joules, double>);
static_assert(!std::is_constructible_v<Joules, Watts> && !std::is_constructible_v<GramsCo2e, Joules>);
static_assert(sizeof(Joules) == sizeof(double) && std::is_trivially_copyable_v<Joules>);

TEST_CASE("the paper's ledger: watts and milliseconds become grams only through kilowatt-hours") {
    using namespace std::chrono_literals;
    // 141 W and the paper's three latencies and intensities (docs/cost_model.md).
    CHECK((Watts(141) * Seconds(254.85ms) * CarbonIntensity(530)).value() == doctest::Approx(0.00529).epsilon(0.002));
    CHECK((Watts(141) * Seconds(271.38ms) * CarbonIntensity(620)).value() == doctest::Approx(0.00659).epsilon(0.002));
    CHECK((Watts(141) * Seconds(272.02ms) * CarbonIntensity(380)).value() == doctest::Approx(0.00405).epsilon(0.002));
}

TEST_CASE("ratios of like quantities are numbers and time rounds to nanoseconds") {
    CHECK(Joules(3) / Joules(2) == doctest::Approx(1.5));
    CHECK(to_nanoseconds(Seconds(1.5e-9)).count() == 2);
    CHECK((Bytes(1000) / BytesPerSecond(500)).count() == doctest::Approx(2.0));
}

TEST_CASE("sums, differences, factors and order work within a unit") {
    Joules energy(3);
    energy += Joules(2);
    energy -= Joules(1);
    CHECK(energy == Joules(4));
    CHECK((energy + Joules(1) - Joules(2)).value() == 3);
    CHECK((-energy).value() == -4);
    CHECK((2.0 * energy / 4.0).value() == 2);
    CHECK((energy * 0.5).value() == 2);
    CHECK(Joules(1) < Joules(2));
    CHECK(Joules().value() == 0);
    CHECK(Bytes(7).value() == 7);
}

TEST_CASE("seconds beyond 64 bits of nanoseconds stop at the end and not-a-number is zero") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK(to_nanoseconds(Seconds(kInfinity)) == Nanoseconds::max());
    CHECK(to_nanoseconds(Seconds(-kInfinity)) == Nanoseconds::min());
    CHECK(to_nanoseconds(Seconds(1e10)) == Nanoseconds::max());
    CHECK(to_nanoseconds(Seconds(std::numeric_limits<double>::quiet_NaN())).count() == 0);
    CHECK(to_nanoseconds(Seconds(-1.6e-9)).count() == -2);
    CHECK(to_seconds(Nanoseconds(1'500'000'000)).count() == 1.5);
}

}  // namespace carbonedge
