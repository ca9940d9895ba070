#include "lib/cluster/intensity_notes.h"

#include "lib/cluster/link_energy.h"
#include "lib/units/text.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::string note(const std::string& place, CarbonIntensity intensity, const std::string& kinds,
                 const IntensityOrigin& origin) {
    const bool yearly = origin.kind == "yearly mean";
    std::string text =
        fmt::format("intensity of {}: {} ({}), {}", place, intensity_text(intensity), kinds, moment_text(origin));
    if (yearly) {
        text += ", not of the time of the plan";
    } else {
        text += ", " + origin.kind;
    }
    text += fmt::format("; {}: {}", origin.reference, origin.source);
    if (!origin.licence.empty()) text += fmt::format(" ({})", origin.licence);
    if (!origin.remark.empty()) text += "; " + origin.remark;
    return text;
}

}  // namespace

std::string moment_text(const IntensityOrigin& origin) {
    if (origin.kind == "yearly mean") return "mean of the year " + origin.from_utc.substr(0, 4);
    if (origin.to_utc.empty()) return "at " + origin.from_utc;
    return fmt::format("mean of {} to {}", origin.from_utc, origin.to_utc);
}

std::vector<std::string> intensity_notes(const Cluster& cluster) {
    std::vector<std::string> notes;
    for (const Node& node : cluster.nodes) {
        if (!node.intensity_origin || !node.intensity_origin->is_resolved()) continue;
        notes.push_back(note("node " + node.name, node.intensity,
                             fmt::format("{}, {}", node.intensity_signal, node.intensity_scope),
                             *node.intensity_origin));
    }
    // Links and gateway are of the nodes' signal and scope.
    const auto beside_nodes = [&](const std::string& place, const std::optional<CarbonIntensity>& intensity,
                                  const std::optional<IntensityOrigin>& origin) {
        if (!intensity || !origin || !origin->is_resolved() || cluster.nodes.empty()) return;
        const Node& first = cluster.nodes.front();
        notes.push_back(
            note(place, *intensity, fmt::format("{}, {}", first.intensity_signal, first.intensity_scope), *origin));
    };
    beside_nodes("links without their own", cluster.default_link.intensity, cluster.default_link.intensity_origin);
    for (const Link& link : cluster.links) {
        beside_nodes(fmt::format("link {}.{}", link.from, link.to), link.intensity, link.intensity_origin);
    }
    beside_nodes("the gateway", cluster.gateway_intensity, cluster.gateway_intensity_origin);
    return notes;
}

std::vector<std::string> carbon_notes(const Cluster& cluster) {
    std::vector<std::string> notes = intensity_notes(cluster);
    notes.push_back(link_energy_note(cluster));
    return notes;
}

std::optional<std::string> mixed_intensities(const Cluster& cluster) {
    for (const Node& node : cluster.nodes) {
        const Node& first = cluster.nodes.front();
        for (const auto& [what, one, other] : {std::tuple("signal", first.intensity_signal, node.intensity_signal),
                                               std::tuple("scope", first.intensity_scope, node.intensity_scope)}) {
            if (one == other) continue;
            return fmt::format(
                "the intensity of node {} is {}, that of node {} is {}: they do not count the same emissions, so no "
                "plan "
                "can weigh one against the other; give all nodes one intensity_{}",
                first.name, one, node.name, other, what);
        }
    }
    return std::nullopt;
}

}  // namespace carbonedge
