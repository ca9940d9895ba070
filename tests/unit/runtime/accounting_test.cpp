#include "lib/runtime/accounting.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

Cluster two_nodes(IdlePolicy policy) {
    Cluster cluster;
    for (const char* name : {"edge", "green"}) {
        Node node;
        node.name = name;
        node.cpus = 0.5;
        node.intensity = CarbonIntensity(name[0] == 'e' ? 600 : 300);
        node.idle_power_per_core = Watts(2);
        node.busy_power_per_core = Watts(10);
        node.pue = 1.25;
        node.embodied = GramsCo2e(1000);
        node.lifetime = Seconds(1e6);
        cluster.nodes.push_back(node);
    }
    cluster.default_link.energy_per_byte = JoulesPerByte(1e-6);
    cluster.gateway_intensity = CarbonIntensity(900);
    cluster.idle_policy = policy;
    return cluster;
}

RequestRecord request_over_both() {
    RequestRecord request;
    request.stages = {{"edge", Nanoseconds(0), Nanoseconds(0), std::chrono::seconds(1), std::chrono::milliseconds(900),
                       Bytes(1000), Bytes(500)},
                      {"green", Nanoseconds(0), Nanoseconds(0), std::chrono::seconds(2),
                       std::chrono::milliseconds(1500), Bytes(500), Bytes(10)}};
    return request;
}

TEST_CASE("joules and grams follow the cost model by hand") {
    struct Case {
        IdlePolicy policy;
        double edge_idle;
        double green_idle;
    };
    // Edge is occupied max(1 s, 1 s CPU / 0.5) = 2 s, green max(2 s, 1.6 / 0.5) = 3.2 s; idle power 2 W x 0.5 x 1.25.
    const Case cases[] = {
        {IdlePolicy::kNone, 0, 0}, {IdlePolicy::kAttributed, 2.5, 4.0}, {IdlePolicy::kFull, 12.5, 12.5}};
    for (const Case& given : cases) {
        RunTotals totals;
        totals.add(request_over_both());
        totals.wall = std::chrono::seconds(10);
        totals.nodes["edge"].total_cpu = std::chrono::seconds(1);
        totals.nodes["green"].total_cpu = std::chrono::milliseconds(1600);
        const std::vector<NodeRecord> records = account_nodes(two_nodes(given.policy), totals);
        REQUIRE(records.size() == 2);
        const NodeRecord& edge = records[0];
        CHECK(edge.node == "edge");
        CHECK(edge.compute_energy.joules.value() == doctest::Approx(0.9 * 8 * 1.25));
        CHECK(edge.compute_energy.provenance == Provenance::kEstimated);
        CHECK(edge.transport_energy.joules.value() == doctest::Approx(0.1 * 8 * 1.25));
        CHECK(edge.idle_energy.value() == doctest::Approx(given.edge_idle));
        CHECK(records[1].idle_energy.value() == doctest::Approx(given.green_idle));
        CHECK(edge.compute_grams.value() == doctest::Approx(9.0 / 3.6e6 * 600));
        CHECK(edge.idle_grams.value() == doctest::Approx(given.edge_idle / 3.6e6 * 600));
        CHECK(edge.embodied_grams.value() == doctest::Approx(1000 * 2.0 / 1e6));
        CHECK(records[1].embodied_grams.value() == doctest::Approx(1000 * 3.2 / 1e6));
    }
}

TEST_CASE("links carry the bytes of every leg, the gateway's too") {
    RunTotals totals;
    totals.add(request_over_both());
    const LinkTotals links = account_links(two_nodes(IdlePolicy::kNone), totals);
    CHECK(links.joules.value() == doctest::Approx(1510e-6));
    // 1000 B between 900 and 600, 500 B between 600 and 300, 10 B between 300 and 900 g/kWh.
    CHECK(links.grams.value() == doctest::Approx((1000e-6 * 750 + 500e-6 * 450 + 10e-6 * 600) / 3.6e6));
}

}  // namespace
}  // namespace carbonedge
