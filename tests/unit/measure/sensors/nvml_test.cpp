#include "lib/measure/sensors/nvml.h"

#include "lib/measure/sensors/counter_meter.h"
#include "tests/unit/measure/sensors/fake_nvml.h"
#include "tests/unit/measure/sensors/fake_time.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

std::shared_ptr<NvmlLibrary> loaded() {
    auto library = NvmlLibrary::load(CARBONEDGE_FAKE_NVML);
    REQUIRE(std::holds_alternative<std::shared_ptr<NvmlLibrary>>(library));
    return std::get<std::shared_ptr<NvmlLibrary>>(library);
}

FakeClock* current_clock = nullptr;

TEST_CASE("nvml: the total-energy counter, summed over devices") {
    FakeNvml fake;
    fake.reset(2);
    FakeClock clock;
    current_clock = &clock;
    // 300 W and 100 W, refreshed each 100 ms; a call takes 20 us.
    fake.energy_source([](unsigned index) {
        current_clock->advance(Nanoseconds(20'000));
        const auto steps = static_cast<unsigned long long>(current_clock->time() / Nanoseconds(100'000'000));
        return steps * (index == 0 ? 30'000ULL : 10'000ULL);
    });
    {
        const auto library = loaded();
        CHECK(library->devices()[0].name == "Fake GPU");
        CHECK(library->all_have_counters());
        const auto meter = make_counter_meter(make_nvml_bank(library), clock);
        CHECK(meter->boundary() == "gpu");
        meter->start();
        clock.advance(std::chrono::seconds(10));
        const EnergyResult result = meter->stop();
        REQUIRE(std::holds_alternative<EnergyReading>(result));
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(4000.0).epsilon(0.005));
        CHECK(std::get<EnergyReading>(result).uncertainty.value() < 40.0);
        CHECK(fake.users() == 1);
    }
    CHECK(fake.users() == 0);
}

TEST_CASE("nvml: power is integrated where there is no counter, with the published error stated") {
    FakeNvml fake;
    fake.reset(1);
    fake.device(0, 0, 250'000, kNotSupported, 0);
    const auto library = loaded();
    CHECK_FALSE(library->all_have_counters());
    CHECK(library->any_has_power());
    FakeClock clock;
    const auto meter = make_rail_meter(make_nvml_power_sensors(library), std::chrono::milliseconds(100), clock);
    meter->start();
    for (int i = 0; i < 20; ++i) {
        clock.advance(std::chrono::milliseconds(100));
        meter->sample();
    }
    const EnergyResult result = meter->stop();
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(500.0).epsilon(0.001));
    CHECK(std::get<EnergyReading>(result).uncertainty.value() > 0.35 * 500);
    CHECK(std::get<EnergyReading>(result).boundary == "gpu");
    CHECK(meter->window_detail().flags.at(0).find("35 %") != std::string::npos);

    SUBCASE("a device lost midway is a reason") {
        meter->start();
        fake.device(0, 0, 0, kNotSupported, kLost);
        clock.advance(std::chrono::seconds(1));
        const EnergyResult lost = meter->stop();
        REQUIRE(std::holds_alternative<EnergyUnavailable>(lost));
        CHECK(std::get<EnergyUnavailable>(lost).reason == "nvml-power: gpu0: GPU is lost");
    }
}

TEST_CASE("nvml: absent, without driver, without device, not supported (Jetson), not permitted") {
    FakeNvml fake;
    const auto problem = [](const std::string& file) {
        auto library = NvmlLibrary::load(file);
        return std::holds_alternative<std::string>(library) ? std::get<std::string>(library) : "";
    };
    CHECK(problem("libcarbonedge-none.so.1") == "libcarbonedge-none.so.1 is not installed");
    CHECK(problem("libc.so.6") == "libc.so.6 lacks functions that NVML has");
    fake.reset(1, kNoDriver);
    CHECK(problem(CARBONEDGE_FAKE_NVML) == "NVML does not start: Driver Not Loaded");
    fake.reset(0);
    CHECK(problem(CARBONEDGE_FAKE_NVML) == "NVML: no device");
    for (const int error : {kNotSupported, kNoPermission}) {
        fake.reset(1);
        fake.device(0, 0, 0, error, error);
        const auto library = loaded();
        CHECK_FALSE(library->all_have_counters());
        CHECK_FALSE(library->any_has_power());
        CHECK(library->devices()[0].problem == (error == kNotSupported ? "Not Supported" : "Insufficient Permissions"));
        const auto bank = make_nvml_bank(library);
        CHECK(bank->domains()[0].problem != "");
        CHECK(std::holds_alternative<std::string>(make_nvml_power_sensors(library)->rule()));
    }
}

}  // namespace
}  // namespace carbonedge
