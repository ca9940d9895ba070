#include "lib/scheduler/request_router.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

/// Two equal nodes but for their intensity, one pipeline each.
Plan two_pipelines(const std::string& policy) {
    Plan plan;
    const std::pair<std::string, double> places[] = {{"brown", 600}, {"green", 100}};
    for (const auto& [name, intensity] : places) {
        Node& node = plan.cluster.nodes.emplace_back();
        node.name = name;
        node.memory = Bytes(1'000'000);
        node.busy_power_per_core = Watts(10);
        node.intensity = CarbonIntensity(intensity);
        Pipeline& pipeline = plan.pipelines.emplace_back();
        pipeline.predicted.latency_mean = std::chrono::milliseconds(100);
        PlannedStage& stage = pipeline.stages.emplace_back();
        stage.node = name;
        stage.busy = std::chrono::milliseconds(100);
        stage.cpu = std::chrono::milliseconds(100);
    }
    plan.routing = {policy, policy == "node-selection" ? "green" : "", policy == "node-selection" ? "minmax" : ""};
    return plan;
}

std::size_t choose_once(RequestRouter& router) {
    const std::size_t chosen = router.choose();
    router.finished(chosen, Seconds(0.1));
    return chosen;
}

TEST_CASE("node selection follows an intensity that changes") {
    RequestRouter router(two_pipelines("node-selection"));
    CHECK(choose_once(router) == 1);
    router.set_intensity("brown", CarbonIntensity(50));
    CHECK(choose_once(router) == 0);
    router.set_intensity("green", CarbonIntensity(10));
    CHECK(choose_once(router) == 1);
}

TEST_CASE("policies that do not weigh nodes take no notice of intensities") {
    RequestRouter router(two_pipelines("round-robin"));
    CHECK(choose_once(router) == 0);
    router.set_intensity("brown", CarbonIntensity(50));
    CHECK(choose_once(router) == 1);
    CHECK(choose_once(router) == 0);
}

}  // namespace
}  // namespace carbonedge
