#include "lib/measure/sensors/meter_remedies.h"

#include <algorithm>
#include <iterator>

namespace carbonedge {
namespace {

struct Row {
    std::string_view source;  // "" any other
    SourceStatus status;
    std::string_view remedy;
};

// The first row that fits counts, so those of one source stand before those of all.
constexpr Row kRows[] = {
    {"rapl", SourceStatus::kAbsent, "load the driver with: sudo modprobe intel_rapl_msr; a virtual machine has none"},
    {"perf", SourceStatus::kAbsent, "load the driver with: sudo modprobe rapl; a virtual machine has none"},
    {"amd-energy", SourceStatus::kAbsent,
     "use rapl, which reads AMD processors from Linux 5.11 on; on Linux 5.8 to 5.12: sudo modprobe amd_energy"},
    {"ina", SourceStatus::kAbsent,
     "on a board that has one (Jetson) load its driver with: sudo modprobe ina3221, or ina238"},
    {"tegrastats", SourceStatus::kAbsent, "on a Jetson it comes with JetPack; elsewhere there is none"},
    {"nvml", SourceStatus::kAbsent,
     "with an NVIDIA GPU: install its driver; in a container: docker run --gpus all, with "
     "NVIDIA_DRIVER_CAPABILITIES=utility"},

    {"rapl", SourceStatus::kDenied,
     "let a group read it (a side channel, CVE-2020-8694): sudo sh -c 'chgrp adm /sys/class/powercap/*/energy_uj; "
     "chmod 0440 /sys/class/powercap/*/energy_uj', or use the perf meter with CAP_PERFMON"},
    {"perf", SourceStatus::kDenied, "sudo sysctl kernel.perf_event_paranoid=0, or run as root"},
    {"amd-energy", SourceStatus::kDenied,
     "let a group read it: sudo sh -c 'chgrp adm /sys/class/hwmon/*/energy*_input; chmod 0440 "
     "/sys/class/hwmon/*/energy*_input'"},
    {"ina", SourceStatus::kDenied,
     "let everybody read it: sudo sh -c 'chmod a+r /sys/class/hwmon/*/in*_* /sys/class/hwmon/*/curr*_*'"},
    {"tegrastats", SourceStatus::kDenied, "let everybody run it: sudo chmod a+rx /usr/bin/tegrastats"},
    {"nvml", SourceStatus::kDenied, "let the user reach the GPU: sudo chmod a+rw /dev/nvidia*, or run as root"},

    {"", SourceStatus::kMasked,
     "the container hides it: start it with -v /sys:/host/sys:ro and pass --sysfs-root /host/sys"},

    {"rapl", SourceStatus::kZero,
     "the kernel or the hypervisor shows an empty register: use --meter perf, or --meter model on a virtual machine"},
    {"perf", SourceStatus::kZero,
     "some kernels count nothing and say 0: use --meter rapl, or a newer kernel; --meter model on a virtual machine"},
    {"amd-energy", SourceStatus::kZero,
     "the register is empty: use --meter rapl, or --meter model on a virtual machine"},
    {"nvml", SourceStatus::kZero,
     "this GPU or its virtual share counts nothing: measure on the host, or --meter model"},
    {"", SourceStatus::kZero, "no board runs on 0 W: look at the rails with tegrastats, or use a wall meter"},

    {"rapl", SourceStatus::kMirrored,
     "counted once; where --meter perf shows twice as much under load, both registers are real: use perf"},
    {"", SourceStatus::kMirrored,
     "counted once; where --meter rapl shows twice as much under load, both registers are real: use rapl"},

    {"", SourceStatus::kFiltered,
     "switch SGX and energy filtering off in the firmware, or use windows of seconds: --energy-uncertainty 0.0005"},

    {"ina", SourceStatus::kUndersampled,
     "the bus or this program came too seldom: try again with nothing else running, or let the chip average less: "
     "sudo sh -c 'echo 4 > /sys/class/hwmon/hwmonN/samples'"},
    {"tegrastats", SourceStatus::kUndersampled,
     "it printed too few lines: end other copies with: sudo tegrastats --stop; then try again"},
    {"nvml", SourceStatus::kUndersampled,
     "the driver answered too seldom: keep it loaded with: sudo nvidia-smi -pm 1; then try again"},
    {"", SourceStatus::kUndersampled,
     "its updates came late: try again with nothing else running; where it stays so, longer windows bear it: "
     "--energy-uncertainty 0.005"},

    {"rapl", SourceStatus::kBroken,
     "look at it with: grep . /sys/class/powercap/intel-rapl*/energy_uj; where that is no rising number use --meter "
     "perf"},
    {"perf", SourceStatus::kBroken,
     "look at it with: grep -r . /sys/bus/event_source/devices/power; where that is no event use --meter rapl"},
    {"amd-energy", SourceStatus::kBroken,
     "look at it with: grep . /sys/class/hwmon/*/energy*_input; where that is no rising number use --meter rapl"},
    {"ina", SourceStatus::kBroken,
     "look at it with: grep . /sys/class/hwmon/*/in*_label; a board not in docs/measuring.md has no known total: use "
     "a wall meter"},
    {"tegrastats", SourceStatus::kBroken,
     "look at it with: tegrastats --interval 100; a board not in docs/measuring.md has no known total: use ina or a "
     "wall meter"},
    {"nvml", SourceStatus::kBroken, "look at it with: nvidia-smi -q -d POWER; restart the GPU or its driver"},
};

}  // namespace

std::string source_remedy(std::string_view source, SourceStatus status) {
    const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) {
        return one.status == status && (one.source.empty() || one.source == source);
    });
    return row == std::end(kRows) ? std::string() : std::string(row->remedy);
}

}  // namespace carbonedge
