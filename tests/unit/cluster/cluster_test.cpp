#include "lib/cluster/cluster.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

Cluster three_nodes() {
    Cluster cluster;
    cluster.nodes.resize(2);
    cluster.nodes[0].name = "a";
    cluster.nodes[0].intensity = CarbonIntensity(100);
    cluster.nodes[1].name = "b";
    cluster.nodes[1].intensity = CarbonIntensity(300);
    cluster.default_link.latency = Nanoseconds(5);
    Link link;
    link.from = "b";
    link.to = "a";
    link.latency = Nanoseconds(7);
    cluster.links = {link};
    return cluster;
}

}  // namespace

TEST_CASE("nodes are found by name") {
    CHECK(find_node(three_nodes(), "b")->value() == 1);
    CHECK_FALSE(find_node(three_nodes(), "gateway"));
}

TEST_CASE("a named link holds in both directions, the default elsewhere, and a node reaches itself for nothing") {
    const Cluster cluster = three_nodes();
    for (const auto& [from, to] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
        const Link link = link_between(cluster, from, to);
        CHECK(link.latency.count() == 7);
        CHECK(link.from == from);
        CHECK(link.to == to);
    }
    CHECK(link_between(cluster, kGateway, "a").latency.count() == 5);
    CHECK(link_between(cluster, "a", "a").latency.count() == 0);
}

TEST_CASE("a link is charged at its own intensity, else the mean of its ends, the gateway's where it has one") {
    Cluster cluster = three_nodes();
    Link link = link_between(cluster, "a", "b");
    CHECK(link_intensity(cluster, link, "a", "b").value() == 200);
    link.intensity = CarbonIntensity(1);
    CHECK(link_intensity(cluster, link, "a", "b").value() == 1);
    const Link entry = link_between(cluster, kGateway, "b");
    CHECK(link_intensity(cluster, entry, kGateway, "b").value() == 300);
    CHECK(link_intensity(cluster, entry, "b", kGateway).value() == 300);
    cluster.gateway_intensity = CarbonIntensity(500);
    CHECK(link_intensity(cluster, entry, kGateway, "b").value() == 400);
}

}  // namespace carbonedge
