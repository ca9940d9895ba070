#pragma once

#include "lib/measure/energy_meter.h"

#include <string>

namespace carbonedge {

/// A processor as /proc/cpuinfo names it.
struct CpuIdentity {
    std::string vendor;  ///< "GenuineIntel", "AuthenticAMD"
    int family = 0;
    int model = 0;
    int stepping = 0;
    std::string model_name;  ///< "AMD EPYC 7763 64-Core Processor"

    bool operator==(const CpuIdentity&) const = default;
};

/// The first processor of a text in the form of /proc/cpuinfo.
CpuIdentity parse_cpu_identity(const std::string& cpuinfo);

/// Watts per hardware thread of a processor family, from Cloud Carbon Footprint's published coefficients (averages over
/// SPECpower_ssj2008 results, whole server divided by its threads); its average over a cloud fleet, 0.74 W idle and
/// 3.5 W busy, for a processor it does not list. The relative uncertainty is ours: 0.3 within a family, 0.6 otherwise,
/// which covers every family of the table from Haswell on. See docs/measuring.md.
PowerCurve default_power_curve(const CpuIdentity& cpu);

}  // namespace carbonedge
