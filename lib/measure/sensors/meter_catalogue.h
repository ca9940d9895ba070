#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/meter_clock.h"
#include "lib/measure/sensors/power_pmu.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Where sensors are looked for.
struct SensorEnvironment {
    std::shared_ptr<FileAccess> files;
    std::shared_ptr<PerfEvents> perf;
    MeterClock* clock = &system_meter_clock();
    std::string nvml_library = "libnvidia-ml.so.1";
    std::string tegrastats = "/usr/bin/tegrastats";
    Nanoseconds tegrastats_interval{100'000'000};
    Nanoseconds sampling_interval{20'000'000};  ///< of sensors that show power and not energy
    PowerCurve model;                           ///< of the estimate
};
SensorEnvironment system_sensors(const SystemRoots& roots, const PowerCurve& model);

/// What is the matter with a source, as far as can be said.
enum class SourceStatus {
    kOk,
    kDenied,        ///< there, but we may not read it
    kAbsent,        ///< this machine has none
    kMasked,        ///< a container hides it
    kZero,          ///< it answers, and its counter stands still
    kMirrored,      ///< works; some counters repeat others and are counted once
    kFiltered,      ///< works; the processor adds noise to it (SGX)
    kUndersampled,  ///< answers too seldom for what it claims
    kBroken,        ///< answers with nonsense
};
std::string_view status_name(SourceStatus status);

/// One source of joules on this machine.
struct MeterSource {
    std::string name;    ///< as --meter takes it: "rapl", "perf", "amd-energy", "ina", "tegrastats", "nvml", "model"
    std::string covers;  ///< its boundary, or what it would cover
    SourceStatus status = SourceStatus::kAbsent;
    std::string detail;    ///< what was found
    std::string remedy;    ///< the one line that helps, where one does
    bool measures = true;  ///< false: it estimates
    /// Makes its meter, a sampling thread included where it needs one; none where it is not there at all.
    std::function<std::unique_ptr<EnergyMeter>()> make;
};

/// Looks for every source, without measuring: a found one is kOk until survey_meters() has tried it. In the order of
/// preference of "auto"; the model is last.
std::vector<MeterSource> find_meter_sources(const SensorEnvironment& environment);

/// True where a source gives joules that may be used.
bool works(const MeterSource& source);

}  // namespace carbonedge
