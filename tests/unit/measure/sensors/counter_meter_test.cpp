#include "lib/measure/sensors/counter_meter.h"

#include "tests/unit/measure/sensors/fake_counters.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr std::uint64_t kSmallRange = 65'712'999'613;

std::function<double(double)> constant(double watts) {
    return [watts](double time) { return watts * time; };
}

bool has_flag(const EnergyMeter& meter, const std::string& start) {
    const auto flags = meter.window_detail().flags;
    return std::any_of(flags.begin(), flags.end(), [&](const auto& flag) { return flag.rfind(start, 0) == 0; });
}

std::string reason(const EnergyResult& result) {
    const auto* unavailable = std::get_if<EnergyUnavailable>(&result);
    return unavailable == nullptr ? "" : unavailable->reason;
}

TEST_CASE("counter meter: the integral of known power curves lies within the stated uncertainty") {
    struct Row {
        const char* name;
        std::function<double(double)> joules;
        double window_ms;
        double relative_bound;
    };
    const Row rows[] = {
        {"constant 20 W, 100 ms", constant(20), 100, 0.001},
        {"constant 20 W, 10 ms", constant(20), 10, 0.01},
        {"constant 20 W, 1.5 ms", constant(20), 1.5, 0.1},
        {"constant 0.2 W, 100 ms", constant(0.2), 100, 0.01},
        {"step 10 to 100 W", [](double t) { return 10 * t + 90 * std::max(0.0, t - 1.05); }, 100, 0.005},
        {"50 Hz sine on 30 W", [](double t) { return 30 * t + 20 * (1 - std::cos(100 * kPi * t)) / (100 * kPi); }, 100,
         0.005},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        for (int phase = 0; phase < 10; ++phase) {
            FakeClock clock;
            auto bank = std::make_shared<FakeCounters>(clock);
            bank->add(package_domain("package-0"), row.joules, 0, Nanoseconds(phase * 97'000));
            const auto meter = make_counter_meter(bank, clock);
            meter->start();
            const double begin = to_seconds(clock.time()).count();
            clock.advance(to_nanoseconds(Seconds(row.window_ms * 1e-3)));
            const double end = to_seconds(clock.time()).count();
            const EnergyResult result = meter->stop();
            const auto* reading = std::get_if<EnergyReading>(&result);
            REQUIRE(reading != nullptr);
            const double truth = row.joules(end) - row.joules(begin);
            const double error = std::abs(reading->joules.value() - truth);
            CHECK(error <= reading->uncertainty.value());
            CHECK(error <= row.relative_bound * truth);
            CHECK(reading->provenance == Provenance::kMeasured);
            CHECK(reading->boundary == "package");
        }
    }
}

TEST_CASE("counter meter: exact across a wrap of one domain among others") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    bank->add(package_domain("package-0", kSmallRange), constant(50), double(kSmallRange) - 51e6);  // wraps 1 s in
    bank->add(package_domain("package-1", kSmallRange), constant(30), 5e6);
    const auto meter = make_counter_meter(bank, clock);
    meter->start();
    clock.advance(std::chrono::seconds(2));
    const EnergyResult result = meter->stop();
    const auto* reading = std::get_if<EnergyReading>(&result);
    REQUIRE(reading != nullptr);
    CHECK(reading->joules.value() == doctest::Approx(160.0).epsilon(1e-4));
    const auto parts = meter->window_detail().parts;
    REQUIRE(parts.size() == 2);
    CHECK(std::get<EnergyReading>(parts[0].energy).joules.value() == doctest::Approx(100.0).epsilon(1e-4));
    CHECK(std::get<EnergyReading>(parts[1].energy).joules.value() == doctest::Approx(60.0).epsilon(1e-4));
}

TEST_CASE("counter meter: a window is invalid, not guessed, when nobody looked for too long") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    CounterDomain domain = package_domain("package-0", kSmallRange);
    domain.limit = Watts(280);
    bank->add(domain, constant(280));
    const auto meter = make_counter_meter(bank, clock);
    const Nanoseconds longest = meter->longest_gap();
    CHECK(to_seconds(longest).count() == doctest::Approx(0.5 * 65712.999613 / 560));

    meter->start();
    clock.advance(longest + std::chrono::seconds(1));
    CHECK(reason(meter->stop()).find("was not read for") != std::string::npos);

    SUBCASE("looking in time keeps it, over several wraps") {
        meter->start();
        const double begin = to_seconds(clock.time()).count();
        for (int look = 0; look < 10; ++look) {
            clock.advance(longest - std::chrono::seconds(1));
            meter->sample();
        }
        const double end = to_seconds(clock.time()).count();
        const EnergyResult result = meter->stop();
        REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
        CHECK((end - begin) * 280 > 2 * 65713.0);
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx((end - begin) * 280).epsilon(1e-5));
    }
}

TEST_CASE("counter meter: a failed read is never zero") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    bank->add(package_domain("package-0"), constant(20), 1e9);
    const auto meter = make_counter_meter(bank, clock);

    SUBCASE("at the end: unavailable with the reason") {
        meter->start();
        clock.advance(std::chrono::seconds(1));
        bank->fails = [](std::size_t) { return true; };
        CHECK(reason(meter->stop()) == "read of package-0 fails");
    }
    SUBCASE("at the start: unavailable, and it does not hang") {
        bank->fails = [](std::size_t) { return true; };
        meter->start();
        bank->fails = nullptr;
        clock.advance(std::chrono::seconds(1));
        const EnergyResult result = meter->stop();
        CHECK(reason(result) != "");
    }
    SUBCASE("in between: the counter is cumulative, so nothing is lost, and the flag says it") {
        meter->start();
        clock.advance(std::chrono::seconds(1));
        bank->fails = [](std::size_t) { return true; };
        meter->sample();
        bank->fails = nullptr;
        clock.advance(std::chrono::seconds(1));
        const EnergyResult result = meter->stop();
        REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(40.0).epsilon(1e-3));
        CHECK(has_flag(*meter, "read-failures"));
    }
    SUBCASE("one domain of two: no partial total") {
        bank->add(package_domain("package-1"), constant(30), 2e9);
        const auto two = make_counter_meter(bank, clock);
        two->start();
        clock.advance(std::chrono::seconds(1));
        bank->fails = [](std::size_t domain) { return domain == 1; };
        CHECK(reason(two->stop()) == "read of package-1 fails");
    }
}

TEST_CASE("counter meter: only disjoint domains are summed") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    const auto add = [&](const std::string& name, const std::string& boundary, CounterRole role, double watts) {
        CounterDomain domain = package_domain(name);
        domain.boundary = boundary;
        domain.role = role;
        bank->add(domain, constant(watts), watts * 1e6);
    };
    add("package-0", "package", CounterRole::kSummed, 40);
    add("package-1", "package", CounterRole::kSummed, 35);
    add("package-0/dram", "dram", CounterRole::kSummed, 6);
    add("package-1/dram", "dram", CounterRole::kSummed, 5);
    add("package-0/core", "core", CounterRole::kInside, 30);
    add("psys", "platform", CounterRole::kPlatform, 120);
    const auto meter = make_counter_meter(bank, clock);
    CHECK(meter->boundary() == "package+dram");
    meter->start();
    clock.advance(std::chrono::seconds(1));
    const EnergyResult result = meter->stop();
    REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(86.0).epsilon(1e-3));
    const auto parts = meter->window_detail().parts;
    REQUIRE(parts.size() == 6);
    CHECK_FALSE(parts[5].in_total);
    CHECK(std::get<EnergyReading>(parts[5].energy).joules.value() == doctest::Approx(120.0).epsilon(1e-2));
    CHECK(std::get<EnergyReading>(parts[5].energy).boundary == "platform");
}

TEST_CASE("counter meter: mirrored dies count once, from the first window on, and are flagged") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    bank->add(package_domain("package-0-die-0"), constant(68), 7e8);
    bank->add(package_domain("package-0-die-1"), constant(68), 7e8);
    const auto meter = make_counter_meter(bank, clock);
    meter->start();
    clock.advance(std::chrono::seconds(1));
    const EnergyResult result = meter->stop();
    REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(68.0).epsilon(1e-3));
    CHECK(has_flag(*meter, "mirrored: package-0-die-1"));

    SUBCASE("equal power from different starts is no mirror") {
        auto apart = std::make_shared<FakeCounters>(clock);
        apart->add(package_domain("package-0-die-0"), constant(68), 7e8);
        apart->add(package_domain("package-0-die-1"), constant(68), 9e8);
        const auto both = make_counter_meter(apart, clock);
        both->start();
        clock.advance(std::chrono::seconds(1));
        const EnergyResult sum = both->stop();
        REQUIRE(std::get_if<EnergyReading>(&sum) != nullptr);
        CHECK(std::get<EnergyReading>(sum).joules.value() == doctest::Approx(136.0).epsilon(1e-3));
        CHECK_FALSE(has_flag(*both, "mirrored"));
    }
}

TEST_CASE("counter meter: absurd and dead counters") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    CounterDomain package = package_domain("package-0");
    package.limit = Watts(65);
    CounterDomain dram = package_domain("package-0/dram");
    dram.boundary = "dram";

    SUBCASE("a jump such as a reset makes is no wrap") {
        bool reset = false;
        bank->add(
            package, [&](double t) { return reset ? 6.5 * t : 100 + 65 * t; }, 1e9);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        clock.advance(std::chrono::seconds(1));
        reset = true;
        CHECK(reason(meter->stop()).find("reset or misread") != std::string::npos);
    }
    SUBCASE("DRAM of 200 W beside a package of 6 W is a wrong unit: left out, boundary and flag say it") {
        bank->add(package, constant(6), 1e6);
        bank->add(dram, constant(200), 1e6);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        clock.advance(std::chrono::seconds(1));
        const EnergyResult result = meter->stop();
        REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(6.0).epsilon(1e-2));
        CHECK(std::get<EnergyReading>(result).boundary == "package");
        CHECK(has_flag(*meter, "absurd: package-0/dram"));
    }
    SUBCASE("a package that stands still is a fault, not 0 J") {
        bank->add(package, constant(0), 0);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        clock.advance(std::chrono::seconds(1));
        CHECK(reason(meter->stop()).rfind("zero-counter: package-0", 0) == 0);
        meter->start();
        clock.advance(std::chrono::milliseconds(5));
        CHECK(reason(meter->stop()).find("too short") != std::string::npos);
    }
    SUBCASE("DRAM that stands still is left out") {
        bank->add(package, constant(6), 1e6);
        bank->add(dram, constant(0), 0);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        clock.advance(std::chrono::seconds(1));
        const EnergyResult result = meter->stop();
        REQUIRE(std::get_if<EnergyReading>(&result) != nullptr);
        CHECK(std::get<EnergyReading>(result).boundary == "package");
        CHECK(has_flag(*meter, "zero: package-0/dram"));
    }
    SUBCASE("a counter that stalls in the window and catches up is no reset") {
        bank->add(
            package, [](double t) { return 60 * (t > 1.3 && t < 1.34 ? 1.3 : t); }, 1e9);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        const double begin = to_seconds(clock.time()).count();
        clock.advance(std::chrono::milliseconds(320));
        for (int look = 0; look < 40'000; ++look) meter->sample();  // watched as it stands still and jumps
        const double end = to_seconds(clock.time()).count();
        REQUIRE(end > 1.34);
        const EnergyResult result = meter->stop();
        REQUIRE_MESSAGE(std::holds_alternative<EnergyReading>(result), reason(result));
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(60 * (end - begin)).epsilon(0.001));
    }
    SUBCASE("a value above the stated range is a misread") {
        bank->add(package, constant(6), 0);
        const auto meter = make_counter_meter(bank, clock);
        meter->start();
        clock.advance(std::chrono::milliseconds(200));
        bank->shown = [](std::size_t) { return std::optional<std::uint64_t>(262'143'328'851); };
        CHECK(reason(meter->stop()) == "package-0 shows 262143328851, above its range of 262143328850");
    }
}

TEST_CASE("counter meter: a counter that stops for a while is flagged, and its doubt is that of the jump") {
    // 20 W; the counter stands still from 1.08 s to 1.12 s, then catches up.
    const auto frozen = [](double time) { return 20 * (time > 1.08 && time < 1.12 ? 1.08 : time); };
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock);
    bank->add(package_domain("package-0"), frozen);
    const auto meter = make_counter_meter(bank, clock);
    meter->start();
    const double begin = to_seconds(clock.time()).count();
    clock.advance(std::chrono::milliseconds(100));
    const double end = to_seconds(clock.time()).count();
    REQUIRE(end > 1.09);
    REQUIRE(end < 1.12);
    const EnergyResult result = meter->stop();
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    const auto& reading = std::get<EnergyReading>(result);
    CHECK(reading.joules.value() == doctest::Approx(20 * (end - begin)).epsilon(0.03));
    CHECK(reading.uncertainty.value() == doctest::Approx(0.5 * 20 * 0.04).epsilon(0.1));
    CHECK(has_flag(*meter, "stalled: package-0"));
}

TEST_CASE("counter meter: stop without start, and the observed update period") {
    FakeClock clock;
    auto bank = std::make_shared<FakeCounters>(clock, Nanoseconds(20'000'000));
    bank->add(package_domain("gpu0"), constant(100));
    const auto meter = make_counter_meter(bank, clock);
    CHECK(reason(meter->stop()) == "the meter was not started");
    const Nanoseconds period = observed_update_period(*bank, clock, std::chrono::milliseconds(200));
    CHECK(to_seconds(period).count() == doctest::Approx(0.02).epsilon(0.001));
}

}  // namespace
}  // namespace carbonedge
