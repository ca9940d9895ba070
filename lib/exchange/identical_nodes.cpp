#include "lib/exchange/identical_nodes.h"

#include <fmt/format.h>

namespace carbonedge {

Cluster identical_nodes(const MachineRequest& request, const AssumedPower& power) {
    Cluster cluster;
    cluster.name = "identical-machines";
    cluster.default_link.bandwidth = request.bandwidth;
    for (std::size_t v = 1; v <= request.nodes; ++v) {
        Node node;
        node.name = fmt::format("machine-{}", v);
        node.memory = request.memory;
        node.zone = "unknown";
        node.intensity = power.intensity;
        node.busy_power_per_core = power.busy_per_core;
        Link gateway;
        gateway.from = std::string(kGateway);
        gateway.to = node.name;
        cluster.nodes.push_back(std::move(node));
        cluster.links.push_back(std::move(gateway));
    }
    return cluster;
}

}  // namespace carbonedge
