#include "lib/cluster/cluster.h"

#include <algorithm>
#include <string>

namespace carbonedge {
namespace {

/// Of one end of a link; absent for a gateway without its own.
std::optional<CarbonIntensity> end_intensity(const Cluster& cluster, std::string_view end) {
    if (end == kGateway) return cluster.gateway_intensity;
    const auto node = find_node(cluster, end);
    if (!node) return std::nullopt;
    return cluster.nodes[node->value()].intensity;
}

}  // namespace

std::string_view idle_policy_name(IdlePolicy policy) {
    switch (policy) {
        case IdlePolicy::kNone:
            return "none";
        case IdlePolicy::kAttributed:
            return "attributed";
        case IdlePolicy::kFull:
            return "full";
    }
    return "";
}

bool can_be_throttled(const Node& node) { return node.cpus < static_cast<double>(node.threads); }

std::optional<NodeIndex> find_node(const Cluster& cluster, std::string_view name) {
    const auto found = std::find_if(cluster.nodes.begin(), cluster.nodes.end(),
                                    [name](const Node& node) { return node.name == name; });
    if (found == cluster.nodes.end()) return std::nullopt;
    return NodeIndex(static_cast<std::size_t>(found - cluster.nodes.begin()));
}

Link link_between(const Cluster& cluster, std::string_view from, std::string_view to) {
    Link link;
    if (from != to) {
        const auto found = std::find_if(cluster.links.begin(), cluster.links.end(), [from, to](const Link& one) {
            return (one.from == from && one.to == to) || (one.from == to && one.to == from);
        });
        link = found == cluster.links.end() ? cluster.default_link : *found;
    }
    link.from = from;
    link.to = to;
    return link;
}

bool states_energy(const Link& link) { return link.energy_per_byte > JoulesPerByte(0) || link.states_no_energy; }

CarbonIntensity link_intensity(const Cluster& cluster, const Link& link, std::string_view from, std::string_view to) {
    if (link.intensity) return *link.intensity;
    const auto first = end_intensity(cluster, from);
    const auto second = end_intensity(cluster, to);
    if (first && second) return (*first + *second) / 2;
    return first ? *first : second.value_or(CarbonIntensity(0));
}

}  // namespace carbonedge
