#include "lib/measure/power_table.h"

#include <fmt/format.h>
#include <array>
#include <charconv>
#include <sstream>
#include <string_view>

namespace carbonedge {
namespace {

struct FamilyPower {
    std::string_view name;
    std::string_view vendor;
    int family;
    int model_low;
    int model_high;
    int stepping_low;
    int stepping_high;
    double idle_watts;
    double busy_watts;
};

constexpr int kAny = 255;
// Watts: Cloud Carbon Footprint, packages/core ComputeProcessorTypes, min_watts_avg and max_watts_avg.
constexpr std::array kFamilies{
    FamilyPower{"Sandy Bridge", "GenuineIntel", 6, 45, 45, 0, kAny, 2.17, 8.58},
    FamilyPower{"Ivy Bridge", "GenuineIntel", 6, 62, 62, 0, kAny, 3.04, 8.25},
    FamilyPower{"Haswell", "GenuineIntel", 6, 63, 63, 0, kAny, 1.00, 4.74},
    FamilyPower{"Broadwell", "GenuineIntel", 6, 79, 79, 0, kAny, 0.71, 3.69},
    FamilyPower{"Broadwell", "GenuineIntel", 6, 86, 86, 0, kAny, 0.71, 3.69},
    FamilyPower{"Skylake", "GenuineIntel", 6, 85, 85, 0, 4, 0.65, 4.26},
    FamilyPower{"Cascade Lake", "GenuineIntel", 6, 85, 85, 5, 7, 0.64, 3.97},
    FamilyPower{"Coffee Lake", "GenuineIntel", 6, 158, 158, 0, kAny, 1.14, 5.42},
    FamilyPower{"EPYC 1st generation", "AuthenticAMD", 23, 0, 15, 0, kAny, 0.82, 2.55},
    FamilyPower{"EPYC 2nd generation", "AuthenticAMD", 23, 49, 49, 0, kAny, 0.47, 1.69},
    FamilyPower{"EPYC 3rd generation", "AuthenticAMD", 25, 0, 15, 0, kAny, 0.45, 2.02},
};
constexpr double kFamilyUncertainty = 0.3;

constexpr double kFleetIdleWatts = 0.74;
constexpr double kFleetBusyWatts = 3.5;
constexpr double kFleetUncertainty = 0.6;

int number(const std::string& text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

CpuIdentity parse_cpu_identity(const std::string& cpuinfo) {
    CpuIdentity cpu;
    std::istringstream lines(cpuinfo);
    std::string line;
    while (std::getline(lines, line) && !line.empty()) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
        const std::size_t start = line.find_first_not_of(" \t", colon + 1);
        const std::string value = start == std::string::npos ? "" : line.substr(start);
        if (key == "vendor_id") cpu.vendor = value;
        if (key == "cpu family") cpu.family = number(value);
        if (key == "model") cpu.model = number(value);
        if (key == "stepping") cpu.stepping = number(value);
        if (key == "model name") cpu.model_name = value;
    }
    return cpu;
}

PowerCurve default_power_curve(const CpuIdentity& cpu) {
    for (const FamilyPower& family : kFamilies) {
        if (family.vendor == cpu.vendor && family.family == cpu.family && family.model_low <= cpu.model &&
            cpu.model <= family.model_high && family.stepping_low <= cpu.stepping &&
            cpu.stepping <= family.stepping_high) {
            return {Watts(family.idle_watts), Watts(family.busy_watts), kFamilyUncertainty,
                    fmt::format("Cloud Carbon Footprint, {}", family.name)};
        }
    }
    return {Watts(kFleetIdleWatts), Watts(kFleetBusyWatts), kFleetUncertainty,
            "Cloud Carbon Footprint, cloud fleet average"};
}

}  // namespace carbonedge
