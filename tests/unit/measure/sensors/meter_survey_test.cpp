#include "lib/measure/sensors/meter_survey.h"

#include "tests/unit/measure/sensors/surveyed_machine.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

TEST_CASE("survey: a virtual machine without sensors can only estimate") {
    Machine machine;
    machine.tree.put("/proc/cpuinfo", "flags : fpu hypervisor sse2");
    const MeterSurvey survey = machine.survey();
    CHECK_FALSE(survey.can_measure());
    CHECK(survey.sources.size() == 7);
    for (const char* name : {"rapl", "perf", "amd-energy", "ina", "tegrastats", "nvml"}) {
        INFO(name);
        CHECK(source_of(survey, name).status == SourceStatus::kAbsent);
        CHECK(source_of(survey, name).detail != "");
        CHECK_FALSE(source_of(survey, name).usable);
    }
    CHECK(source_of(survey, "model").usable);
    CHECK_FALSE(source_of(survey, "model").measures);
    REQUIRE(survey.notes.size() == 1);
    CHECK(survey.notes[0].rfind("virtual machine", 0) == 0);
}

TEST_CASE("survey: each state of powercap has its name and its remedy") {
    Machine machine;
    const std::string counter = "/sys/class/powercap/intel-rapl:0/energy_uj";
    const auto rapl = [&] { return source_of(machine.survey(), "rapl"); };

    SUBCASE("ok") {
        machine.package("intel-rapl:0", "package-0", 25, 1e9);
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kOk);
        CHECK(source.covers == "package");
        REQUIRE(source.power.has_value());
        CHECK(source.power->value() == doctest::Approx(25).epsilon(0.01));
        CHECK(machine.survey().can_measure());
    }
    SUBCASE("denied") {
        machine.package("intel-rapl:0", "package-0", 25, 1e9);
        machine.files->open_errors[counter] = EACCES;
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kDenied);
        CHECK(source.detail == counter + ": permission denied");
        CHECK(source.remedy.find("chmod 0440") != std::string::npos);
    }
    SUBCASE("masked") {
        machine.tree.link("/sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/none");
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kMasked);
        CHECK(source.remedy.find("--sysfs-root") != std::string::npos);
    }
    SUBCASE("zero") {
        machine.package("intel-rapl:0", "package-0", 0, 0);
        CHECK(rapl().status == SourceStatus::kZero);
        CHECK(rapl().remedy != "");
        CHECK_FALSE(machine.survey().can_measure());
    }
    SUBCASE("mirrored") {
        machine.package("intel-rapl:0", "package-0-die-0", 68, 5e8);
        machine.package("intel-rapl:1", "package-0-die-1", 68, 5e8);
        // Both dies show one register: read in one moment they are equal.
        const auto text = machine.files->texts[counter];
        machine.files->texts["/sys/class/powercap/intel-rapl:1/energy_uj"] = text;
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kMirrored);
        CHECK(source.power->value() == doctest::Approx(68).epsilon(0.01));
    }
    SUBCASE("filtered") {
        machine.package("intel-rapl:0", "package-0", 25, 1e9);
        machine.tree.put("/dev/cpu/0/msr", std::string(0xBC, 'x') + std::string("\x01\0\0\0\0\0\0\0", 8));
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kFiltered);
        CHECK(source.usable);
    }
    SUBCASE("sgx without its register") {
        machine.package("intel-rapl:0", "package-0", 25, 1e9);
        machine.tree.put("/proc/cpuinfo", "flags : fpu sgx sgx_lc");
        const SurveyedSource source = rapl();
        CHECK(source.status == SourceStatus::kOk);
        CHECK(source.detail.find("SGX is there") != std::string::npos);
    }
    SUBCASE("broken") {
        machine.tree.zone("intel-rapl:0", "package-0", 0).put(counter, "nonsense");
        CHECK(rapl().status == SourceStatus::kBroken);
    }
    SUBCASE("undersampled: it stops now and then") {
        machine.tree.zone("intel-rapl:0", "package-0", 0);
        machine.files->texts[counter] = [&] {
            machine.clock.advance(Nanoseconds(700));
            return std::to_string(machine.clock.time().count() / 30'000'000 * 600'000) + "\n";
        };
        CHECK(rapl().status == SourceStatus::kUndersampled);
    }
}

TEST_CASE("survey: the perf PMU without permission names the level") {
    Machine machine;
    const std::string device = "/sys/bus/event_source/devices/power";
    machine.tree.put(device + "/type", "22").put(device + "/cpumask", "0");
    machine.tree.put(device + "/events/energy-pkg", "event=0x02").put(device + "/events/energy-pkg.unit", "Joules");
    machine.tree.put(device + "/events/energy-pkg.scale", "2.3283064365386962890625e-10");
    machine.tree.put("/proc/sys/kernel/perf_event_paranoid", "2");
    const MeterSurvey survey = machine.survey();
    CHECK(source_of(survey, "perf").status == SourceStatus::kDenied);
    CHECK(source_of(survey, "perf").remedy.find("perf_event_paranoid is 2") != std::string::npos);
}

TEST_CASE("survey: a board's rails, and rails of no known board") {
    Machine machine;
    const std::string folder = "/sys/class/hwmon/hwmon1";
    machine.tree.put(folder + "/name", "ina3221")
        .put(folder + "/in1_label", "VDD_IN")
        .put(folder + "/in1_input", "5000")
        .put(folder + "/curr1_input", "1000");
    // The sampling thread runs in real time; made-up time would outrun it.
    SensorEnvironment environment = machine.environment();
    environment.clock = &system_meter_clock();
    environment.sampling_interval = std::chrono::milliseconds(50);
    const MeterSurvey survey = survey_meters(environment, std::chrono::milliseconds(150));
    CHECK(source_of(survey, "ina").status == SourceStatus::kOk);
    CHECK(source_of(survey, "ina").power->value() == doctest::Approx(5.0).epsilon(0.01));
    CHECK(survey.can_measure());
    machine.tree.put(folder + "/in1_label", "VCORE");
    const SurveyedSource unknown = source_of(machine.survey(), "ina");
    CHECK(unknown.status == SourceStatus::kBroken);
    CHECK(unknown.detail == "rails VCORE belong to no known board");
}

TEST_CASE("survey: its JSON says for each source what the text says") {
    Machine machine;
    machine.package("intel-rapl:0", "package-0", 25, 1e9);
    const auto document = nlohmann::json::parse(write_meter_survey(machine.survey()));
    CHECK(document["schema"] == "carbonedge.meters/1");
    CHECK(document["can_measure"] == true);
    CHECK(document["sources"].size() == 7);
    CHECK(document["sources"][0]["name"] == "rapl");
    CHECK(document["sources"][0]["status"] == "ok");
    CHECK(document["sources"][0]["update_period_ns"] == 1000000);
    CHECK(document["sources"][0]["power_watts"].get<double>() == doctest::Approx(25).epsilon(0.01));
    CHECK(document["sources"][6]["provenance"] == "estimated");
    CHECK(document["sources"][1]["remedy"].get<std::string>().find("modprobe") != std::string::npos);
}

}  // namespace
}  // namespace carbonedge
