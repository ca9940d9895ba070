#pragma once

#include "lib/measure/sensors/file_access.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// What a powercap zone's name says it is.
enum class ZoneKind { kPackage, kDram, kCore, kUncore, kPlatform, kUnknown };

/// "package-0", "package-1-die-0", "dram", "core", "uncore", "psys"; anything else is unknown.
ZoneKind zone_kind(std::string_view name);

/// One folder /sys/class/powercap/intel-rapl[-mmio]:N[:M].
struct PowercapZone {
    std::string id;           ///< "intel-rapl:0:1"
    std::string name;         ///< "dram", as the kernel says
    std::string parent_name;  ///< "package-0" for a part of it, else empty
    ZoneKind kind = ZoneKind::kUnknown;
    bool memory_mapped = false;                 ///< seen through the intel-rapl-mmio interface
    std::optional<std::uint64_t> energy_range;  ///< max_energy_range_uj
    Watts limit{0.0};                           ///< constraint 0; 0 where it states none
    std::string counter_path;                   ///< of energy_uj
    std::optional<FileFailure> failure;         ///< why energy_uj cannot be read
    std::string duplicate_of;  ///< id of the zone that shows the same domain through the other interface

    /// Unique among the zones that are no duplicate: "package-0", "package-0/dram".
    [[nodiscard]] std::string key() const { return parent_name.empty() ? name : parent_name + "/" + name; }
};

enum class PowercapPresence {
    kPresent,  ///< zones are there (whether they can be read is each zone's matter)
    kAbsent,   ///< no /sys/class/powercap, or no RAPL zone in it
    kMasked,   ///< links that lead nowhere, or zones without their files: a container hides them
    kDenied,   ///< the folder itself may not be listed
};

struct PowercapTree {
    PowercapPresence presence = PowercapPresence::kAbsent;
    std::string detail;  ///< what was looked at and found, where it is not present
    std::vector<PowercapZone> zones;
};

/// Looks at /sys/class/powercap. Never throws: what is wrong is in the result.
PowercapTree read_powercap_tree(FileAccess& files);

/// The one line that helps against a zone or tree that cannot be read; empty where nothing does.
std::string powercap_remedy(const FileFailure& failure);
std::string powercap_remedy(PowercapPresence presence);

}  // namespace carbonedge
