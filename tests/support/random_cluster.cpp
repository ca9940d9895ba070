#include "tests/support/random_cluster.h"

#include <string>

namespace carbonedge {
namespace {

bool coin(SeededRandom& random) { return random.below(2) == 1; }

Link random_link(SeededRandom& random) {
    Link link;
    link.latency = Nanoseconds(static_cast<std::int64_t>(random.below(coin(random) ? 1'000 : 3'000'000'000)));
    if (coin(random)) link.bandwidth = BytesPerSecond(random.uniform(1, 1e10));
    if (coin(random)) link.energy_per_byte = JoulesPerByte(random.uniform(0, 1e-3));
    link.states_no_energy = link.energy_per_byte == JoulesPerByte(0) && coin(random);
    if (coin(random)) link.zone = "DE";
    if (coin(random)) link.intensity = CarbonIntensity(random.uniform(0, 900));
    return link;
}

Node random_node(SeededRandom& random, std::size_t index) {
    Node node;
    node.name = "node-" + std::to_string(index);
    node.cpus = random.uniform(0.05, 8);
    node.quota_period = Nanoseconds(static_cast<std::int64_t>(1'000'000 + random.below(999'000'000)));
    node.memory = Bytes(
        static_cast<std::int64_t>(coin(random) ? (1 + random.below(4096)) << 20U : 1 + random.below(1ULL << 40U)));
    node.threads = static_cast<int>(1 + random.below(8));
    if (coin(random)) node.zone = "FR = \"x\"";
    node.intensity = CarbonIntensity(random.uniform(0, 900));
    node.intensity_signal = coin(random) ? "average" : "marginal";
    node.intensity_scope = coin(random) ? "direct" : "lifecycle";
    if (coin(random)) {
        node.profile = "profiles/a b.csv";
    } else {
        node.speed_factor = random.uniform(0.1, 3);
    }
    node.idle_power_per_core = Watts(random.uniform(0, 3));
    node.busy_power_per_core = node.idle_power_per_core + Watts(random.uniform(0, 20));
    node.pue = random.uniform(1, 2);
    if (coin(random)) node.embodied = GramsCo2e(random.uniform(1, 1e6));
    if (coin(random) || node.embodied.value() > 0) node.lifetime = Seconds(random.uniform(1, 2e8));
    return node;
}

}  // namespace

Cluster random_cluster(SeededRandom& random, std::size_t nodes) {
    Cluster cluster;
    if (coin(random)) cluster.name = "a lab, \"two\"";
    cluster.idle_policy = static_cast<IdlePolicy>(random.below(3));
    for (std::size_t i = 0; i < nodes; ++i) cluster.nodes.push_back(random_node(random, i));
    if (coin(random)) cluster.default_link = random_link(random);
    for (std::size_t i = 0; i < nodes; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            if (coin(random)) continue;
            Link link = random_link(random);
            link.from = cluster.nodes[i].name;
            link.to = i == j ? std::string(kGateway) : cluster.nodes[j].name;
            if (coin(random)) std::swap(link.from, link.to);
            cluster.links.push_back(link);
        }
    }
    if (coin(random)) cluster.gateway_zone = "DE";
    if (coin(random)) cluster.gateway_intensity = CarbonIntensity(random.uniform(0, 900));
    if (coin(random)) {
        cluster.transport = {random.uniform(0, 1e6),
                             random.uniform(0, 2),
                             random.uniform(0, 1e6),
                             0,
                             random.uniform(0, 1e6),
                             random.uniform(0, 0.1),
                             coin(random) ? "calibrated here" : ""};
    }
    if (random.below(3) == 0) {
        cluster.buffers = {static_cast<int>(random.below(4)), static_cast<int>(random.below(4)),
                           static_cast<int>(random.below(4))};
    }
    return cluster;
}

}  // namespace carbonedge
