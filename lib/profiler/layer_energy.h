#pragma once

#include "lib/measure/attribution.h"
#include "lib/measure/energy_meter.h"
#include "lib/model/model.h"
#include "lib/partition/partition.h"
#include "lib/profile/profile.h"
#include "lib/profiler/passes.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace carbonedge {

struct EnergyOptions {
    EnergyMeter* meter = nullptr;        ///< a sensor; none: the model's estimate stays
    double relative_uncertainty = 0.02;  ///< asked of the whole, and what each group's window is sized for
    Nanoseconds budget{20'000'000'000};  ///< of all windows together, about
    std::string folder;                  ///< for stage files; they are removed again
    /// Lets idle time pass.
    std::function<void(Nanoseconds)> rest;
};

/// Energy of one pass through some of the rows, net of idle, as a stage of their own used it.
struct GroupEnergy {
    LayerRange rows;
    double joules = 0;
    double half_width = 0;
    std::int64_t repetitions = 0;  ///< passes in each of its windows
};

/// Writes the rows' energy: the groups' joules scaled so that together they are `whole`, each group's split over its
/// rows by their median latency. The source says so ("rapl-powercap, 3 layers by time"). A group that is not above idle
/// gets no energy, and is counted in the result.
std::size_t apportion_energy(Profile& profile, std::span<const GroupEnergy> groups, const EnergyReading& whole);

/// What is measured, and the time it takes: a seam, so that windows are tested in made-up time.
struct MeasuredWork {
    std::function<void()> whole;  ///< one pass through all rows
    /// Makes ready passes through some rows as a stage of their own; asked for in the order of the rows. None: only the
    /// whole can be measured.
    std::function<std::function<void()>(const LayerRange&)> group;
    std::function<Nanoseconds()> now;  ///< CLOCK_MONOTONIC_RAW
};

/// Measures idle power, passes of the whole model, stages of it (as many as the budget has windows for), and idle power
/// again. Windows are as long as the meter's updates and the share of idle power ask for, or as the budget allows.
/// Fills the rows' energy, `meter`, environment and warnings. `profile` has its times filled. Where the meter
/// gives no joules the estimates stay, and a warning has the reason.
void measure_layer_energy(const MeasuredWork& work, Profile& profile, const EnergyOptions& options,
                          const ProfilerProgress& progress);
void measure_layer_energy(Model& model, Profile& profile, const EnergyOptions& options,
                          const ProfilerProgress& progress);

}  // namespace carbonedge
