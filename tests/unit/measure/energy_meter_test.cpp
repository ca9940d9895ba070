#include "lib/measure/energy_meter.h"
#include "lib/measure/clocks.h"
#include "lib/measure/power_table.h"

#include <doctest/doctest.h>
#include <chrono>
#include <variant>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

const PowerCurve kCurve{Watts(0.74), Watts(3.5), 0.6, "test"};

}  // namespace

TEST_CASE("joules of CPU time are its seconds times busy less idle watts, tagged as an estimate") {
    const EnergyReading reading = estimate_energy(Seconds(2.0), kCurve);
    CHECK(reading.joules.value() == doctest::Approx(5.52));
    CHECK(reading.uncertainty.value() == doctest::Approx(3.312));
    CHECK(reading.provenance == Provenance::kEstimated);
    CHECK(reading.source == "model:cpu-seconds");
    CHECK(reading.boundary == "core-dynamic");
}

TEST_CASE("the model meter counts this process's CPU time between start and stop") {
    const auto meter = make_model_meter(kCurve);
    CHECK(std::holds_alternative<EnergyUnavailable>(meter->stop()));
    const Nanoseconds before = process_cpu_time();
    meter->start();
    while (process_cpu_time() - before < 5ms) {
    }
    const EnergyResult result = meter->stop();
    const Nanoseconds most = process_cpu_time() - before;
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    const double joules = std::get<EnergyReading>(result).joules.value();
    CHECK(joules > 0.004 * 2.76);
    CHECK(joules <= to_seconds(most).count() * 2.76);
}

TEST_CASE("a processor is recognised by vendor, family, model and stepping") {
    struct Case {
        CpuIdentity cpu;
        double idle;
        double busy;
        std::string source;
    };
    const Case cases[] = {
        {{"GenuineIntel", 6, 85, 4, ""}, 0.65, 4.26, "Cloud Carbon Footprint, Skylake"},
        {{"GenuineIntel", 6, 85, 7, ""}, 0.64, 3.97, "Cloud Carbon Footprint, Cascade Lake"},
        {{"GenuineIntel", 6, 85, 11, ""}, 0.74, 3.5, "Cloud Carbon Footprint, cloud fleet average"},
        {{"AuthenticAMD", 25, 1, 1, ""}, 0.45, 2.02, "Cloud Carbon Footprint, EPYC 3rd generation"},
        {{"AuthenticAMD", 25, 17, 1, ""}, 0.74, 3.5, "Cloud Carbon Footprint, cloud fleet average"},
        {{"", 0, 0, 0, ""}, 0.74, 3.5, "Cloud Carbon Footprint, cloud fleet average"},
    };
    for (const Case& test : cases) {
        CAPTURE(test.source);
        const PowerCurve curve = default_power_curve(test.cpu);
        CHECK(curve.idle_per_core.value() == doctest::Approx(test.idle));
        CHECK(curve.busy_per_core.value() == doctest::Approx(test.busy));
        CHECK(curve.source == test.source);
        CHECK(curve.relative_uncertainty > 0);
    }
}

TEST_CASE("the first processor of /proc/cpuinfo is read") {
    const CpuIdentity cpu = parse_cpu_identity(
        "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD "
        "EPYC\nstepping\t: 1\n"
        "power management:\n\nprocessor\t: 1\nvendor_id\t: Other\n");
    CHECK(cpu == CpuIdentity{"AuthenticAMD", 25, 17, 1, "AMD EPYC"});
    CHECK(parse_cpu_identity("").vendor.empty());
}

}  // namespace carbonedge
