#include "lib/measure/sensors/powercap_tree.h"

#include "lib/base/utf8.h"
#include "lib/measure/sensors/meter_remedies.h"

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

namespace carbonedge {
namespace {

constexpr std::size_t kLongestName = 60;
constexpr const char* kRoot = "/sys/class/powercap";

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "intel-rapl:0" and "intel-rapl-mmio:0:1", taken apart.
struct ZoneId {
    bool memory_mapped = false;
    std::string parent;  ///< id of the zone it is a part of, else empty
};

std::optional<ZoneId> parse_id(std::string_view id) {
    ZoneId parsed;
    std::string_view rest = id;
    constexpr std::string_view kMapped = "intel-rapl-mmio:";
    constexpr std::string_view kRegister = "intel-rapl:";
    if (rest.substr(0, kMapped.size()) == kMapped) {
        parsed.memory_mapped = true;
        rest.remove_prefix(kMapped.size());
    } else if (rest.substr(0, kRegister.size()) == kRegister) {
        rest.remove_prefix(kRegister.size());
    } else {
        return std::nullopt;
    }
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return is_number(rest) ? std::optional(parsed) : std::nullopt;
    if (!is_number(rest.substr(0, colon)) || !is_number(rest.substr(colon + 1))) return std::nullopt;
    parsed.parent = std::string(id.substr(0, id.rfind(':')));
    return parsed;
}

std::optional<std::uint64_t> positive(FileAccess& files, const std::string& path) {
    const auto value = read_integer(files, path);
    const long long* number = std::get_if<long long>(&value);
    if (number == nullptr || *number <= 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

Watts stated_limit(FileAccess& files, const std::string& folder) {
    for (const char* file : {"/constraint_0_max_power_uw", "/constraint_0_power_limit_uw"}) {
        if (const auto microwatts = positive(files, folder + file))
            return Watts(static_cast<double>(*microwatts) * 1e-6);
    }
    return Watts(0.0);
}

std::optional<FileFailure> first_read_failure(FileAccess& files, const std::string& path) {
    auto opened = files.open(path);
    if (auto* failure = std::get_if<FileFailure>(&opened)) return *failure;
    int error = 0;
    if (read_counter(*std::get<std::unique_ptr<KeptFile>>(opened), error)) return std::nullopt;
    return FileFailure{error, path};
}

PowercapZone read_zone(FileAccess& files, const std::string& folder, const std::string& id, const ZoneId& parsed) {
    PowercapZone zone;
    zone.id = id;
    zone.memory_mapped = parsed.memory_mapped;
    const auto name = read_text(files, folder + "/name");
    if (const auto* text = std::get_if<std::string>(&name)) zone.name = cleaned_for_message(*text, kLongestName);
    zone.kind = zone_kind(zone.name);
    zone.energy_range = positive(files, folder + "/max_energy_range_uj");
    zone.limit = stated_limit(files, folder);
    zone.counter_path = folder + "/energy_uj";
    zone.failure = first_read_failure(files, zone.counter_path);
    return zone;
}

/// The same domain through registers and through mapped memory is one; the register is kept where it can be read.
void mark_duplicates(std::vector<PowercapZone>& zones) {
    std::map<std::string, PowercapZone*> registers;
    for (PowercapZone& zone : zones) {
        if (!zone.memory_mapped) registers.emplace(zone.key(), &zone);
    }
    for (PowercapZone& zone : zones) {
        if (!zone.memory_mapped) continue;
        const auto twin = registers.find(zone.key());
        if (twin == registers.end()) continue;
        PowercapZone& other = *twin->second;
        if (other.failure && !zone.failure) {
            other.duplicate_of = zone.id;
        } else {
            zone.duplicate_of = other.id;
        }
    }
}

}  // namespace

ZoneKind zone_kind(std::string_view name) {
    if (name == "dram") return ZoneKind::kDram;
    if (name == "core") return ZoneKind::kCore;
    if (name == "uncore") return ZoneKind::kUncore;
    if (name == "psys") return ZoneKind::kPlatform;
    constexpr std::string_view kPackage = "package-";
    constexpr std::string_view kDie = "-die-";
    if (name.substr(0, kPackage.size()) != kPackage) return ZoneKind::kUnknown;
    name.remove_prefix(kPackage.size());
    const std::size_t die = name.find(kDie);
    if (die == std::string_view::npos) return is_number(name) ? ZoneKind::kPackage : ZoneKind::kUnknown;
    const bool numbered = is_number(name.substr(0, die)) && is_number(name.substr(die + kDie.size()));
    return numbered ? ZoneKind::kPackage : ZoneKind::kUnknown;
}

PowercapTree read_powercap_tree(FileAccess& files) {
    PowercapTree tree;
    const EntryKind root = files.kind(kRoot);
    const auto listed = files.list(kRoot);
    if (const auto* failure = std::get_if<FileFailure>(&listed)) {
        tree.detail = failure_text(*failure);
        if (failure->code == EACCES || failure->code == EPERM) tree.presence = PowercapPresence::kDenied;
        if (root == EntryKind::kDanglingLink) tree.presence = PowercapPresence::kMasked;
        return tree;
    }
    // Zones stand side by side in the class folder, and parts also inside their package.
    std::map<std::string, std::string> folders;
    std::vector<std::string> hidden;
    for (const std::string& id : std::get<std::vector<std::string>>(listed)) {
        if (!parse_id(id)) continue;
        const std::string folder = std::string(kRoot) + "/" + id;
        if (files.kind(folder) != EntryKind::kFolder || files.kind(folder + "/name") != EntryKind::kFile) {
            hidden.push_back(id);
            continue;
        }
        folders.emplace(id, folder);
        const auto inside = files.list(folder);
        if (const auto* names = std::get_if<std::vector<std::string>>(&inside)) {
            for (const std::string& part : *names) {
                if (const auto parsed = parse_id(part); parsed && parsed->parent == id) {
                    folders.emplace(part, folder + "/" + part);
                }
            }
        }
    }
    std::map<std::string, std::string> names;
    for (const auto& [id, folder] : folders) {
        PowercapZone zone = read_zone(files, folder, id, *parse_id(id));
        names[id] = zone.name;
        tree.zones.push_back(std::move(zone));
    }
    std::set<std::pair<bool, std::string>> taken;
    for (PowercapZone& zone : tree.zones) {
        const ZoneId parsed = *parse_id(zone.id);
        if (!parsed.parent.empty()) {
            const auto parent = names.find(parsed.parent);
            zone.parent_name = parent == names.end() ? parsed.parent : parent->second;
        }
        // Two zones of one interface under one name are two domains all the same.
        if (!taken.emplace(zone.memory_mapped, zone.key()).second) zone.name += "(" + zone.id + ")";
    }
    mark_duplicates(tree.zones);
    if (!tree.zones.empty()) {
        tree.presence = PowercapPresence::kPresent;
    } else if (!hidden.empty()) {
        tree.presence = PowercapPresence::kMasked;
        tree.detail = fmt::format("{}/{} leads nowhere", kRoot, hidden.front());
    } else {
        tree.detail = fmt::format("{} holds no intel-rapl zone", kRoot);
    }
    return tree;
}

std::string powercap_remedy(const FileFailure& failure) {
    if (failure.code == EACCES || failure.code == EPERM) {
        return source_remedy("rapl", SourceStatus::kDenied);
    }
    if (failure.code == ENOENT) return powercap_remedy(PowercapPresence::kMasked);
    return {};
}

std::string powercap_remedy(PowercapPresence presence) {
    switch (presence) {
        case PowercapPresence::kMasked:
            return source_remedy("rapl", SourceStatus::kMasked);
        case PowercapPresence::kAbsent:
            return source_remedy("rapl", SourceStatus::kAbsent);
        case PowercapPresence::kDenied:
            return "run as a user that may list /sys/class/powercap";
        case PowercapPresence::kPresent:
            break;
    }
    return {};
}

}  // namespace carbonedge
