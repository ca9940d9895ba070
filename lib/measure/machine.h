#pragma once

#include "lib/measure/power_table.h"
#include "lib/units/quantity.h"

#include <string>
#include <vector>

namespace carbonedge {

/// The machine that a measurement was taken on.
struct MachineDescription {
    CpuIdentity cpu;
    int online_cpus = 0;
    std::string kernel;      ///< "Linux 6.1.0-28-amd64 x86_64"
    std::string hypervisor;  ///< "KVMKVMKVM"; "" on bare metal or where it hides

    [[nodiscard]] std::string cpu_text() const;      ///< "AMD EPYC (AuthenticAMD family 25 model 17 stepping 1)"
    [[nodiscard]] std::string machine_text() const;  ///< "2 cpus, Linux 6.1 x86_64, hypervisor KVMKVMKVM"
};

MachineDescription describe_machine();

/// The texts of /proc/loadavg and /proc/stat at one moment.
struct LoadReading {
    double load_average = 0;               ///< over one minute
    std::vector<std::int64_t> idle_ticks;  ///< of each CPU
    std::int64_t busy_ticks = 0;           ///< of all CPUs, user to softirq
    std::int64_t steal_ticks = 0;          ///< taken by the hypervisor for others
    std::int64_t all_ticks = 0;
    double ticks_per_second = 100;
};

LoadReading parse_load(const std::string& loadavg, const std::string& stat, double ticks_per_second);
LoadReading read_load();

/// Memory of this process, from /proc/self/status.
struct ProcessMemory {
    Bytes resident;
    Bytes peak;  ///< highest resident size since the start, or since reset_peak_memory()
};
ProcessMemory parse_process_memory(const std::string& status);
ProcessMemory read_process_memory();
/// Makes the peak start anew from now; false where the kernel refuses.
bool reset_peak_memory();

/// Times a fixed piece of integer work of about a millisecond, `runs` times: its spread shows what the machine does to
/// any measurement.
std::vector<Nanoseconds> run_control_kernel(int runs);

/// What a session saw of the machine around it.
struct NoiseReading {
    double load_before = 0;
    double steal_share = 0;     ///< of all CPU time of the session
    double foreign_cpus = 0;    ///< CPUs kept busy by other processes, mean over the session
    double control_spread = 0;  ///< (q3 - q1) / median of the control kernel
    [[nodiscard]] std::vector<std::string> warnings() const;  ///< empty on a quiet machine
};

/// From the loads before and after, this process's CPU time between them, and the control kernel's times.
NoiseReading assess_noise(const LoadReading& before, const LoadReading& after, Seconds own_cpu,
                          const std::vector<Nanoseconds>& control);

/// Binds this thread, and threads it starts later, to the `count` CPUs that were idlest over a moment among those it
/// may use; returns them, or nothing where `count` covers them all or the kernel refuses.
std::vector<int> pin_to_idlest_cpus(int count);

}  // namespace carbonedge
