#include "lib/carbon/zone_intensities.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace carbonedge {

void require_zone(const Cluster& cluster, const std::string& zone, const std::string& option) {
    std::set<std::string> zones;
    for (const Node& node : cluster.nodes) zones.insert(node.zone);
    if (!cluster.gateway_zone.empty()) zones.insert(cluster.gateway_zone);
    if (!cluster.default_link.zone.empty()) zones.insert(cluster.default_link.zone);
    for (const Link& link : cluster.links) {
        if (!link.zone.empty()) zones.insert(link.zone);
    }
    if (zones.count(zone) > 0) return;
    const std::vector<std::string> names(zones.begin(), zones.end());
    throw UsageError(option + ": " + unknown_name_message("zone", zone, names));
}

void require_one_kind(const ZoneSeries& series, const Cluster& cluster, const std::string& option) {
    if (series.empty()) return;
    const auto& [first, first_series] = series.front();
    const SeriesOrigin& origin = first_series.origin();
    for (const auto& [zone, other] : series) {
        if (other.origin().signal == origin.signal && other.origin().scope == origin.scope) continue;
        throw UsageError(fmt::format("{}: zone {} is {} {}, zone {} is {} {}: they are never mixed", option, zone,
                                     signal_name(other.origin().signal), scope_name(other.origin().scope), first,
                                     signal_name(origin.signal), scope_name(origin.scope)));
    }
    for (const Node& node : cluster.nodes) {
        const bool covered =
            std::any_of(series.begin(), series.end(), [&](const auto& one) { return one.first == node.zone; });
        if (covered ||
            (node.intensity_signal == signal_name(origin.signal) && node.intensity_scope == scope_name(origin.scope))) {
            continue;
        }
        throw UsageError(fmt::format("{}: node {} keeps its {} {} intensity beside {} {} series: they are never mixed",
                                     option, node.name, node.intensity_signal, node.intensity_scope,
                                     signal_name(origin.signal), scope_name(origin.scope)));
    }
}

void set_zone_intensity(Cluster& cluster, const std::string& zone, CarbonIntensity intensity) {
    for (Node& node : cluster.nodes) {
        if (node.zone != zone) continue;
        node.intensity = intensity;
        node.intensity_origin.reset();
    }
    const auto set_link = [&](Link& link) {
        if (link.zone != zone) return;
        link.intensity = intensity;
        link.intensity_origin.reset();
    };
    set_link(cluster.default_link);
    for (Link& link : cluster.links) set_link(link);
    if (cluster.gateway_zone == zone && cluster.gateway_intensity) {
        cluster.gateway_intensity = intensity;
        cluster.gateway_intensity_origin.reset();
    }
}

std::vector<ZoneIntensity> ReplayedIntensities::at(UtcSeconds time) {
    std::vector<ZoneIntensity> values;
    for (const auto& [zone, series] : series_) {
        const IntensityAnswer answer = series.at(time, policy_);
        if (const auto* missing = std::get_if<NoIntensity>(&answer)) {
            throw UsageError(
                fmt::format("zone {}: {}; start within the series, or say what is to hold there (--gap, --beyond)",
                            zone, missing->reason));
        }
        values.push_back({zone, std::get<CarbonIntensity>(answer)});
    }
    return values;
}

std::optional<UtcSeconds> ReplayedIntensities::next_change(UtcSeconds after) {
    std::optional<UtcSeconds> next;
    const auto consider = [&next](UtcSeconds time) {
        if (!next || time < *next) next = time;
    };
    for (const auto& [zone, series] : series_) {
        const auto& samples = series.samples();
        const auto found = std::upper_bound(samples.begin(), samples.end(), after,
                                            [](UtcSeconds time, const IntensitySample& s) { return time < s.start; });
        if (found != samples.end()) {
            consider(found->start);
        } else if (series.end() > after) {
            consider(series.end());
        }
        // Where a sample stops holding without another, the policy decides.
        for (const SeriesGap& gap : series.gaps()) {
            if (gap.from > after) consider(gap.from);
        }
    }
    return next;
}

}  // namespace carbonedge
