#pragma once

#include "lib/measure/sensors/meter_survey.h"
#include "tests/unit/measure/sensors/fake_time.h"
#include "tests/unit/measure/sensors/system_tree.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

namespace carbonedge {

/// Denies everything.
class NoPerf : public PerfEvents {
public:
    int open(std::uint32_t, std::uint64_t, int) override { return -EACCES; }
    int read(int, Count&) override { return EBADF; }
    void close(int) override {}
};

/// A machine in a folder, its powercap counters running in made-up time.
struct Machine {
    SystemTree tree;
    FakeClock clock;
    std::shared_ptr<InjectingFiles> files = std::make_shared<InjectingFiles>(system_file_access(tree.roots()));
    std::shared_ptr<PerfEvents> perf = std::make_shared<NoPerf>();
    std::string nvml_library = "libcarbonedge-none.so.1";
    std::string tegrastats = tree.root() + "/tegrastats";
    MeterClock* surveyed_clock = &clock;

    void package(const std::string& id, const std::string& name, double watts, double start) {
        tree.zone(id, name, 0);
        files->texts["/sys/class/powercap/" + id + "/energy_uj"] = [this, watts, start] {
            clock.advance(Nanoseconds(700));
            const auto milliseconds = static_cast<double>(clock.time().count() / 1'000'000);
            return std::to_string(std::llround(start + watts * 1e3 * milliseconds)) + "\n";
        };
    }
    SensorEnvironment environment() {
        SensorEnvironment sensors;
        sensors.files = files;
        sensors.perf = perf;
        sensors.clock = surveyed_clock;
        sensors.nvml_library = nvml_library;
        sensors.tegrastats = tegrastats;
        sensors.sampling_interval = std::chrono::milliseconds(50);
        sensors.model.source = "a test";
        return sensors;
    }
    MeterSurvey survey() { return survey_meters(environment(), std::chrono::milliseconds(200)); }
};

inline const SurveyedSource& source_of(const MeterSurvey& survey, const std::string& name) {
    const auto found = std::find_if(survey.sources.begin(), survey.sources.end(),
                                    [&](const SurveyedSource& source) { return source.name == name; });
    REQUIRE(found != survey.sources.end());
    return *found;
}

}  // namespace carbonedge
