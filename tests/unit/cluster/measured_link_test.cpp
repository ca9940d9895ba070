#include "lib/cluster/measured_link.h"

#include "lib/base/errors.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

Cluster two_nodes() {
    Cluster cluster;
    cluster.name = "pair";
    cluster.nodes.resize(2);
    cluster.nodes[0].name = "a";
    cluster.nodes[1].name = "b";
    cluster.transport.fixed_ns = 20'000;
    cluster.transport.per_byte_ns = 0.5;
    return cluster;
}

TEST_CASE("a measured link is what the hop takes beyond what the nodes themselves do") {
    Cluster cluster = two_nodes();
    set_measured_link(cluster, "a", "b", {1'020'000, 8.5});
    REQUIRE(cluster.links.size() == 1);
    CHECK(cluster.links[0].latency == std::chrono::milliseconds(1));
    CHECK(cluster.links[0].bandwidth.value() == doctest::Approx(125e6));
    // The cost model adds both again.
    const double bytes = 1e6;
    const double hop = cluster.transport.fixed_ns + cluster.transport.per_byte_ns * bytes +
                       static_cast<double>(cluster.links[0].latency.count()) +
                       bytes / cluster.links[0].bandwidth.value() * 1e9;
    CHECK(hop == doctest::Approx(1'020'000 + 8.5 * bytes));
}

TEST_CASE("a link that is there in either direction is filled in and keeps the rest") {
    Cluster cluster = two_nodes();
    Link link;
    link.from = "gateway";
    link.to = "b";
    link.energy_per_byte = JoulesPerByte(3e-8);
    cluster.links.push_back(link);
    set_measured_link(cluster, "b", "gateway", {500'000, 1.5});
    REQUIRE(cluster.links.size() == 1);
    CHECK(cluster.links[0].from == "gateway");
    CHECK(cluster.links[0].latency == Nanoseconds(480'000));
    CHECK(cluster.links[0].bandwidth.value() == doctest::Approx(1e9));
    CHECK(cluster.links[0].energy_per_byte == JoulesPerByte(3e-8));
}

TEST_CASE("a link faster than the nodes is no limit") {
    Cluster cluster = two_nodes();
    set_measured_link(cluster, "a", "b", {15'000, 0.4});
    CHECK(cluster.links.at(0).latency == Nanoseconds(0));
    CHECK(cluster.links.at(0).bandwidth.value() == 0);
}

TEST_CASE("a link of nobody is refused") {
    Cluster cluster = two_nodes();
    CHECK_THROWS_WITH_AS(set_measured_link(cluster, "a", "c", {}), "pair: has no node 'c' to measure a link of",
                         InputError);
    CHECK_THROWS_WITH_AS(set_measured_link(cluster, "a", "a", {}), "pair: a link has two ends, 'a' is one", InputError);
    CHECK(cluster.links.empty());
}

}  // namespace
}  // namespace carbonedge
