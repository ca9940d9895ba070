#include "benchmarks/rapl/peer_readers.h"

#include <algorithm>
#include <set>

namespace carbonedge::rapl {
namespace {

constexpr double kJoulesPerUnit = 1e-6;

bool is_register_zone(const std::string& id) { return id.compare(0, 11, "intel-rapl:") == 0; }
bool is_top(const std::string& id) { return std::count(id.begin(), id.end(), ':') == 1; }
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Across a wrap: the stated range is added once.
double wrapped(double before, double after, double range) {
    return after < before ? after + range - before : after - before;
}

}  // namespace

// CodeCarbon 3.3.0: packages if there are any, else psys; one zone a name; DRAM never; a failed read counts as 0, which
// looks like a wrap.
std::optional<double> codecarbon_joules(const ZoneTable& zones) {
    const bool has_package =
        std::any_of(zones.begin(), zones.end(), [](const auto& zone) { return contains(zone.second.name, "package"); });
    std::set<std::string> names;
    double joules = 0;
    for (const auto& [id, zone] : zones) {
        const bool chosen = has_package ? contains(zone.name, "package") : zone.name == "psys";
        if (!is_top(id) || !chosen || !names.insert(zone.name).second) continue;
        joules += kJoulesPerUnit * wrapped(zone.before, zone.after.value_or(0), zone.range);
    }
    return joules;
}

// carbontracker 2.3.0: packages and DRAM, not psys; no range; one negative difference makes all of them 0; a failed
// read raises.
std::optional<double> carbontracker_joules(const ZoneTable& zones) {
    double joules = 0;
    bool negative = false;
    for (const auto& [id, zone] : zones) {
        const bool chosen = contains(zone.name, "package") || contains(zone.name, "dram");
        if (!is_register_zone(id) || !chosen) continue;
        if (!zone.after) return std::nullopt;
        negative = negative || *zone.after < zone.before;
        joules += kJoulesPerUnit * (*zone.after - zone.before);
    }
    return negative ? 0.0 : joules;
}

// Zeus 0.16.0, summed over what it calls CPUs: every top zone, psys among them, and each one's DRAM; a process of its
// own counts wraps once a second and adds the range; a failed read raises.
std::optional<double> zeus_joules(const ZoneTable& zones) {
    double joules = 0;
    for (const auto& [id, zone] : zones) {
        if (!is_register_zone(id) || !(is_top(id) || zone.name == "dram")) continue;
        if (!zone.after) return std::nullopt;
        const bool counted = *zone.after < zone.before && zone.wrap_seen;
        joules += kJoulesPerUnit * (*zone.after - zone.before + (counted ? zone.range : 0));
    }
    return joules;
}

}  // namespace carbonedge::rapl
