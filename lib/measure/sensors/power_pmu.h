#pragma once

#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/powercap_tree.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace carbonedge {

/// The one system call that the power PMU takes, and reading what it gives. A seam.
class PerfEvents {
public:
    struct Count {
        std::uint64_t value = 0;
        std::uint64_t enabled_ns = 0;
        std::uint64_t running_ns = 0;  ///< less than enabled: the counter was shared out (multiplexed)
    };
    virtual ~PerfEvents() = default;
    /// Counts all processes on one CPU: a descriptor, or minus an errno value.
    virtual int open(std::uint32_t type, std::uint64_t config, int cpu) = 0;
    /// 0, or an errno value.
    virtual int read(int descriptor, Count& count) = 0;
    virtual void close(int descriptor) = 0;
};

std::shared_ptr<PerfEvents> system_perf_events();

/// One event of /sys/bus/event_source/devices/power: energy-pkg, energy-ram, energy-cores, energy-gpu, energy-psys.
struct PowerEvent {
    std::string name;
    std::uint64_t config = 0;
    double joules_per_count = 0;
    std::string problem;  ///< why its description cannot be used
};

struct PowerPmu {
    bool present = false;
    std::string detail;  ///< what is missing, where it is not present or of no use
    std::uint32_t type = 0;
    std::vector<int> cpus;  ///< one a socket or die
    std::vector<PowerEvent> events;
};

/// Looks at /sys/bus/event_source/devices/power. Never throws.
PowerPmu read_power_pmu(FileAccess& files);

/// "0,18" and "0-1,4": the numbers, ascending as written; empty where the text is no CPU list.
std::vector<int> parse_cpu_list(std::string_view text);

/// What helps against an errno value of perf_event_open, with the machine's perf_event_paranoid in the line.
std::string perf_remedy(FileAccess& files, int error);

/// The counters of a PMU, opened. `powercap`, where it is present and readable, confirms the domains: kernels before
/// 5.17 list events on AMD that do not exist; what powercap does not show is not summed, and flagged.
std::shared_ptr<CounterBank> make_power_pmu_bank(std::shared_ptr<PerfEvents> perf, FileAccess& files,
                                                 const PowerPmu& pmu, const PowercapTree& powercap);

}  // namespace carbonedge
