#include "lib/runtime/run_account.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

Cluster one_node(double intensity, IdlePolicy policy = IdlePolicy::kNone) {
    Cluster cluster;
    Node node;
    node.name = "edge";
    node.cpus = 1;
    node.intensity = CarbonIntensity(intensity);
    node.idle_power_per_core = Watts(2);
    node.busy_power_per_core = Watts(12);
    cluster.nodes.push_back(node);
    cluster.default_link.energy_per_byte = JoulesPerByte(1e-3);
    cluster.gateway_intensity = CarbonIntensity(intensity);
    cluster.idle_policy = policy;
    return cluster;
}

RequestRecord request(int seconds) {
    RequestRecord record;
    record.stages = {{"edge", Nanoseconds(0), Nanoseconds(0), std::chrono::seconds(seconds),
                      std::chrono::seconds(seconds), Bytes(1000), Bytes(1000)}};
    return record;
}

RunAccount::Usage used(int cpu_seconds) {
    return {{"edge", {std::chrono::seconds(cpu_seconds), Nanoseconds(0), Bytes(cpu_seconds * 100)}}};
}

constexpr double kGramsPerJoule = 1 / 3.6e6;  // of 1 g/kWh

TEST_CASE("each stretch is charged at its own intensity") {
    RunAccount account(one_node(300), used(5), std::chrono::seconds(100));
    account.add(request(2));
    account.change(one_node(600), used(8), std::chrono::seconds(110));  // 3 CPU seconds, 2 of them computing
    account.add(request(1));
    account.add(request(1));
    const RunAccount::Sum sum = account.finish(used(11), std::chrono::seconds(130));
    REQUIRE(sum.nodes.size() == 1);
    const NodeRecord& edge = sum.nodes[0];
    CHECK(edge.compute_cpu == std::chrono::seconds(4));
    CHECK(edge.total_cpu == std::chrono::seconds(6));
    CHECK(edge.peak_memory == Bytes(1100));
    CHECK(edge.compute_energy.joules.value() == doctest::Approx(40));
    CHECK(edge.compute_grams.value() == doctest::Approx((20 * 300 + 20 * 600) * kGramsPerJoule));
    CHECK(edge.transport_grams.value() == doctest::Approx((10 * 300 + 10 * 600) * kGramsPerJoule));
    CHECK(sum.links.joules.value() == doctest::Approx(6));
    CHECK(sum.links.grams.value() == doctest::Approx((2 * 300 + 4 * 600) * kGramsPerJoule));
}

TEST_CASE("full idle power follows the length of each stretch") {
    RunAccount account(one_node(300, IdlePolicy::kFull), used(0), std::chrono::seconds(0));
    account.change(one_node(600, IdlePolicy::kFull), used(0), std::chrono::seconds(10));
    const RunAccount::Sum sum = account.finish(used(0), std::chrono::seconds(15));
    CHECK(sum.nodes.at(0).idle_energy.value() == doctest::Approx(2 * 15));
    CHECK(sum.nodes.at(0).idle_grams.value() == doctest::Approx((20 * 300 + 10 * 600) * kGramsPerJoule));
}

TEST_CASE("without a change the account is that of one stretch") {
    RunAccount account(one_node(300), used(1), std::chrono::seconds(0));
    account.add(request(2));
    const RunAccount::Sum sum = account.finish(used(4), std::chrono::seconds(9));
    RunTotals totals;
    totals.add(request(2));
    totals.wall = std::chrono::seconds(9);
    totals.nodes["edge"].total_cpu = std::chrono::seconds(3);
    totals.nodes["edge"].peak_memory = Bytes(400);
    CHECK(sum.nodes == account_nodes(one_node(300), totals));
}

}  // namespace
}  // namespace carbonedge
