#include "lib/profiler/layer_energy.h"

#include "lib/measure/clocks.h"
#include "lib/measure/sensors/meter_clock.h"
#include "lib/profiler/profiler.h"
#include "lib/units/text.h"
#include "tests/support/shared_inputs.h"
#include "tests/support/temporary_folder.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

EnergyReading reading(double joules, double uncertainty) {
    return {Joules(joules), Joules(uncertainty), Provenance::kMeasured, "rapl-powercap", "package net of idle"};
}

Profile profile_of(const std::vector<int>& latencies) {
    Profile profile;
    for (const int latency : latencies) {
        LayerProfile layer;
        layer.latency_median = Nanoseconds(latency);
        profile.layers.push_back(layer);
    }
    return profile;
}

/// Idle watts of wall time, and busy watts of this process's CPU time on top: exact.
class IdealMeter : public EnergyMeter {
public:
    double idle = 10;
    double busy = 20;
    std::string problem;
    int windows = 0;
    [[nodiscard]] std::string name() const override { return "ideal"; }
    [[nodiscard]] std::string boundary() const override { return "package"; }
    [[nodiscard]] Nanoseconds update_period() const override { return 100us; }
    void start() override {
        ++windows;
        cpu_ = process_cpu_time();
        wall_ = raw_time();
    }
    EnergyResult stop() override {
        if (!problem.empty() && windows > 4) return EnergyUnavailable{problem};
        const double cpu = to_seconds(process_cpu_time() - cpu_).count();
        length_ = raw_time() - wall_;
        const double joules = idle * to_seconds(length_).count() + busy * cpu;
        return EnergyReading{Joules(joules), Joules(0.001 * joules), Provenance::kMeasured, "ideal", "package"};
    }
    [[nodiscard]] WindowDetail window_detail() const override {
        WindowDetail detail;
        detail.length = length_;
        detail.flags = {"mirrored: a repeats b"};
        return detail;
    }

private:
    Nanoseconds cpu_{0};
    Nanoseconds wall_{0};
    Nanoseconds length_{0};
};

ProfilerOptions tiny_options(const TemporaryFolder& folder, IdealMeter& meter) {
    ProfilerOptions options;
    options.model_path = source_file("tests/golden/inputs/tiny.pt").string();
    options.model.inputs = {parse_input_spec("1x3x16x16")};
    options.least_time = 1ms;
    options.most_time = 50ms;
    options.split.folder = folder.path().string();
    options.split.pairs = 6;
    options.split.check_cuts = 0;
    options.power = {Watts(1), Watts(3), 0.5, "test"};
    options.pin = false;
    options.energy.meter = &meter;
    options.energy.budget = 600ms;
    options.energy.rest = [](Nanoseconds length) { system_meter_clock().pause(length); };
    return options;
}

}  // namespace

TEST_CASE("apportioned energy: groups are scaled to the whole, rows of a group by their time") {
    Profile profile = profile_of({10, 30, 60, 100});
    const GroupEnergy groups[] = {{{0, 2}, 3.0, 0.3, 5}, {{2, 3}, 1.0, 0.1, 5}, {{3, 4}, 4.0, 0.4, 5}};
    CHECK(apportion_energy(profile, groups, reading(16, 0.8)) == 0);
    const double joules[] = {1.5, 4.5, 2.0, 8.0};
    double sum = 0;
    for (std::size_t row = 0; row < 4; ++row) {
        REQUIRE(profile.layers[row].energy.has_value());
        CHECK(profile.layers[row].energy->joules.value() == doctest::Approx(joules[row]));
        CHECK(profile.layers[row].energy->uncertainty / profile.layers[row].energy->joules ==
              doctest::Approx(std::hypot(0.1, 0.05)));
        sum += profile.layers[row].energy->joules.value();
    }
    CHECK(sum == doctest::Approx(16));
    CHECK(profile.layers[0].energy->source == "rapl-powercap, 2 layers by time");
    CHECK(profile.layers[2].energy->source == "rapl-powercap");
    CHECK(profile.layers[2].energy->provenance == Provenance::kMeasured);
}

TEST_CASE("apportioned energy: a group that is not above idle has none, never zero") {
    Profile profile = profile_of({10, 30});
    const GroupEnergy groups[] = {{{0, 1}, -0.1, 0.3, 5}, {{1, 2}, 1.0, 0.1, 5}};
    CHECK(apportion_energy(profile, groups, reading(2, 0.1)) == 1);
    CHECK_FALSE(profile.layers[0].energy.has_value());
    CHECK(profile.layers[1].energy->joules.value() == doctest::Approx(2));
}

TEST_CASE("measured energy of a tiny network is that of its CPU time under an ideal meter") {
    const TemporaryFolder folder;
    IdealMeter meter;
    const Profile profile = profile_model(tiny_options(folder, meter), [](const std::string&, double) {});
    double sum = 0;
    for (const LayerProfile& layer : profile.layers) {
        REQUIRE(layer.energy.has_value());
        CHECK(layer.energy->provenance == Provenance::kMeasured);
        CHECK(layer.energy->boundary == "package net of idle");
        sum += layer.energy->joules.value();
    }
    // Others may take the CPU from a pass, never give to it: the machine's noise is in the bounds.
    const double expected = meter.busy * to_seconds(profile.whole_cpu_mean).count();
    CHECK(sum > 0.5 * expected);
    CHECK(sum < 2.0 * expected);
    // 100 us of update in 2 % are 5 ms; times 1.5 for the spread and hypot(30, 10) / 20 for the 10 W of idle power
    // taken from 30 W: 11.9 ms, more where others take the CPU meanwhile, and at most an 18th of the budget, 33.3 ms.
    CAPTURE(profile.meter);
    const std::string before = "ideal (package net of idle; windows of ";
    REQUIRE(profile.meter.starts_with(before));
    std::string length = profile.meter.substr(before.size(), profile.meter.find(',') - before.size());
    std::erase(length, ' ');
    const double window = to_seconds(parse_duration(length, "window")).count();
    CHECK(window >= 0.0118);
    CHECK(window <= 0.0334);
    CHECK(profile.environment.at("energy-idle-before").ends_with("W"));
}

TEST_CASE("measured energy: a meter that fails midway leaves the estimates and says why") {
    const TemporaryFolder folder;
    IdealMeter meter;
    meter.problem = "the sensor went away";
    const Profile profile = profile_model(tiny_options(folder, meter), [](const std::string&, double) {});
    for (const LayerProfile& layer : profile.layers) {
        REQUIRE(layer.energy.has_value());
        CHECK(layer.energy->provenance == Provenance::kEstimated);
    }
    CHECK(profile.meter.starts_with("model:cpu-seconds"));
    CHECK(std::any_of(profile.warnings.begin(), profile.warnings.end(), [](const std::string& warning) {
        return warning == "ideal gave no joules, energy is estimated: the sensor went away";
    }));
    CHECK(std::count(profile.warnings.begin(), profile.warnings.end(), "energy: mirrored: a repeats b") == 1);
}

}  // namespace carbonedge
