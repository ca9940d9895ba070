#include "lib/runtime/engine.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

TEST_CASE("the links that a plan uses are told once each with what imitates what") {
    Plan plan;
    plan.cluster.default_link.latency = std::chrono::milliseconds(2);
    Link& named = plan.cluster.links.emplace_back();
    named.from = "a";
    named.to = "b";
    named.bandwidth = BytesPerSecond(1e6);
    Pipeline pipeline;
    for (const char* node : {"a", "b"}) {
        plan.cluster.nodes.emplace_back().name = node;
        pipeline.stages.emplace_back().node = node;
    }
    plan.pipelines = {pipeline, pipeline};
    const std::vector<EmulatedLink> links = emulated_links(plan, "user space", "tc");
    REQUIRE(links.size() == 3);
    CHECK(links[0].from == "gateway");
    CHECK(links[0].to == "a");
    CHECK(links[0].latency == std::chrono::milliseconds(2));
    CHECK(links[0].latency_by == "user space");
    CHECK(links[0].bandwidth_by.empty());
    CHECK(links[1].from == "a");
    CHECK(links[1].to == "b");
    CHECK(links[1].bandwidth.value() == 1e6);
    CHECK(links[1].bandwidth_by == "tc");
    CHECK(links[1].latency_by.empty());
    CHECK(links[2].from == "b");
    CHECK(links[2].to == "gateway");

    plan.cluster.default_link = {};
    CHECK(emulated_links(plan, "user space", "user space").size() == 1);
}

}  // namespace
}  // namespace carbonedge
