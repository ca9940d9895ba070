#pragma once

#include "lib/measure/cpu_limit.h"
#include "lib/measure/energy_meter.h"
#include "lib/model/model.h"
#include "lib/profile/profile.h"
#include "lib/profiler/layer_energy.h"
#include "lib/profiler/memory_probe.h"
#include "lib/profiler/passes.h"
#include "lib/profiler/split_fidelity.h"

#include <functional>
#include <string>

namespace carbonedge {

struct ProfilerOptions {
    std::string model_path;
    ModelOptions model;
    int threads = 1;
    double relative_confidence = 0.01;
    Nanoseconds least_time{500'000'000};
    Nanoseconds most_time{10'000'000'000};
    SplitOptions split;        ///< its folder must exist
    bool split_checks = true;  ///< false: no stage is extracted; boundary cost and memory stay unknown
    PowerCurve power;
    EnergyOptions energy;         ///< its folder is that of `split`
    ResourceLimit limit;          ///< the limits this process already runs under
    std::string limit_mechanism;  ///< "cgroup-v1", or why the limits are not enforced; "" without limits
    bool pin = true;              ///< bind to as many CPUs as there are threads
    /// Runs probe_stage_memory() in a fresh process; none: memory is taken from this one and said to be rough.
    std::function<StageMemory(const std::string& stage_path, bool optimise)> probe_memory;
};

/// Measures the model and fills a Profile, self-checks included. Call it first thing in a process: it fixes the
/// allocator and the threads. Throws InputError for a model that cannot be used, and what `progress` throws.
Profile profile_model(const ProfilerOptions& options, const ProfilerProgress& progress);

}  // namespace carbonedge
