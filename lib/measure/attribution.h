#pragma once

#include "lib/measure/energy_meter.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace carbonedge {

/// Power of the machine at rest, from several windows.
struct IdlePower {
    Watts mean{0.0};
    Watts half_width{0.0};  ///< of a 95 % interval of the mean, the meter's own uncertainty included
    int windows = 0;
};
using IdleResult = std::variant<IdlePower, EnergyUnavailable>;

/// Measures `windows` windows (at least 2) of `length` each while nothing of ours runs. `rest` lets that time pass.
IdleResult measure_idle(EnergyMeter& meter, int windows, Nanoseconds length,
                        const std::function<void(Nanoseconds)>& rest);

/// Energy of a workload over that of the machine at rest.
struct NetEnergy {
    EnergyReading gross;
    Joules idle;             ///< what the machine would have used at rest in the same time
    Joules idle_half_width;  ///< its spread, and half the drift between before and after
    EnergyReading net;       ///< gross - idle; may be negative within its uncertainty: never clamped
    Watts drift{0.0};        ///< idle after minus idle before
};

/// Idle power is the mean of both sides; what changed in between is taken into the uncertainty, not into a ratchet.
NetEnergy net_of_idle(const EnergyReading& gross, Seconds length, const IdlePower& before, const IdlePower& after);

/// CPU time of one consumer within a window.
struct CpuShare {
    std::string name;  ///< process, container, control group
    Seconds cpu_time{0};
};
struct AttributedEnergy {
    std::string name;
    Joules joules;
};
struct Attribution {
    std::vector<AttributedEnergy> parts;
    Joules unattributed;  ///< of CPU time that none of them used (kernel, others): parts and this are the whole
};

/// Splits joules by CPU time. `host_cpu_time` is that of all processes; parts that together exceed it (their clocks are
/// read one after the other) are scaled to it, and nothing is then left.
Attribution attribute_by_cpu_time(Joules joules, std::span<const CpuShare> shares, Seconds host_cpu_time);

}  // namespace carbonedge
