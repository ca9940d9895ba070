#include "lib/planner/fleet_planner.h"
#include "lib/verify/recompute.h"
#include "lib/verify/verify_fleet.h"
#include "tests/support/brute_force.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

struct Instance {
    std::vector<FleetRequest> requests;
    double max_load = 1;
};

/// Models that share nodes: memory for one and a half of them or so, and requests that take a good part of the cores.
Instance draw(std::uint64_t seed, std::size_t most_models, std::size_t most_layers, std::size_t most_nodes) {
    SeededRandom random(seed);
    Instance instance;
    instance.max_load = random.uniform(0.5, 1);
    const std::size_t models = 2 + random.below(most_models - 1);
    const std::size_t nodes = 2 + random.below(most_nodes - 1);
    Cluster cluster;
    for (std::size_t m = 0; m < models; ++m) {
        RandomShape shape;
        shape.nodes = nodes;
        shape.layers = 2 + random.below(most_layers - 1);
        const Plan drawn = random_problem(random, shape);
        if (m == 0) {
            cluster = drawn.cluster;
            cluster.idle_policy = random.below(2) == 0 ? IdlePolicy::kNone : IdlePolicy::kAttributed;
            const bool roomy = random.below(4) == 0;
            for (Node& node : cluster.nodes) {
                node.memory =
                    Bytes(static_cast<std::int64_t>(static_cast<double>(drawn.profiles[0].load_peak_bytes.value()) *
                                                    (roomy ? 100 : random.uniform(0.9, 2.5))));
            }
        }
        FleetRequest request;
        request.name = "model" + std::to_string(m);
        request.problem.profiles = drawn.profiles;
        request.problem.node_profile = drawn.node_profile;
        double cpu = 0;
        for (const LayerProfile& layer : drawn.profiles[0].layers) cpu += to_seconds(layer.cpu_mean).count();
        request.rate_per_second = random.uniform(0.02, 0.5) / cpu;
        if (random.below(2) == 0) {
            request.problem.limits.latency_mean =
                to_nanoseconds(Seconds(random.uniform(1.5, 10) * cpu + random.uniform(0, 0.2)));
        }
        instance.requests.push_back(std::move(request));
    }
    for (FleetRequest& request : instance.requests) request.problem.cluster = cluster;
    return instance;
}

Plan as_plan(const FleetRequest& request) {
    Plan plan;
    plan.cluster = request.problem.cluster;
    plan.profiles = request.problem.profiles;
    plan.node_profile = request.problem.node_profile;
    plan.objective = Objective::kCarbon;
    plan.limits = request.problem.limits;
    plan.limits.throughput_per_second = request.rate_per_second;
    return plan;
}

struct Way {
    double grams = 0;
    std::vector<double> memory;
    std::vector<double> cores;
};

std::vector<Way> all_ways(const FleetRequest& request) {
    const Plan plan = as_plan(request);
    const Recomputer recomputer(plan);
    std::vector<Way> ways;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (!brute_allowed(plan, pipeline, cost)) return;
        std::vector<NamedStage> stages;
        for (const BruteStage& stage : pipeline) {
            stages.push_back({{stage.first, stage.end}, plan.cluster.nodes[stage.node].name});
        }
        const RecomputedPipeline recomputed = recomputer.pipeline(stages);
        const std::vector<double> nothing(plan.cluster.nodes.size(), 0);
        Way way{request.rate_per_second * cost.grams, nothing, nothing};
        for (std::size_t s = 0; s < pipeline.size(); ++s) {
            way.memory[pipeline[s].node] += recomputed.stages[s].memory_bytes;
            way.cores[pipeline[s].node] += request.rate_per_second * recomputed.stages[s].cpu.count();
        }
        ways.push_back(std::move(way));
    });
    return ways;
}

/// The least grams a second over all combinations of pipelines; infinite where there is none.
double least_by_trying(const Instance& instance) {
    std::vector<std::vector<Way>> ways;
    for (const FleetRequest& request : instance.requests) ways.push_back(all_ways(request));
    const std::vector<Node>& nodes = instance.requests.front().problem.cluster.nodes;
    double best = std::numeric_limits<double>::infinity();
    const std::function<void(std::size_t, const Way&)> descend = [&](std::size_t m, const Way& taken) {
        if (m == ways.size()) {
            best = std::min(best, taken.grams);
            return;
        }
        for (const Way& way : ways[m]) {
            if (taken.grams + way.grams >= best) continue;
            Way next = taken;
            next.grams += way.grams;
            bool fits = true;
            for (std::size_t v = 0; v < nodes.size(); ++v) {
                next.memory[v] += way.memory[v];
                next.cores[v] += way.cores[v];
                fits = fits && next.memory[v] <= static_cast<double>(nodes[v].memory.value()) &&
                       next.cores[v] <= nodes[v].cpus * instance.max_load;
            }
            if (fits) descend(m + 1, next);
        }
    };
    const std::vector<double> nothing(nodes.size(), 0);
    descend(0, {0, nothing, nothing});
    return best;
}

TEST_CASE("fleet planner: equal to trying every combination of pipelines on 300 small instances") {
    int infeasible = 0;
    int apart = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        const Instance instance = draw(seed, 3, 4, 3);
        const double expected = least_by_trying(instance);
        const FleetPlanOrInfeasibility outcome = plan_fleet(instance.requests, instance.max_load);
        if (expected > 1e200) {
            ++infeasible;
            REQUIRE(std::holds_alternative<Infeasibility>(outcome));
            CHECK(std::get<Infeasibility>(outcome).proven);
            continue;
        }
        REQUIRE(std::holds_alternative<FleetPlan>(outcome));
        const FleetPlan& fleet = std::get<FleetPlan>(outcome);
        CHECK(fleet.certificate.value == doctest::Approx(expected).epsilon(1e-9));
        CHECK(fleet.certificate.proven_optimal);
        CHECK(fleet.certificate.counters.at("price_bound_gco2e_per_second") <= expected * (1 + 1e-9));
        if (fleet.certificate.counters.at("price_rounds") > 1) ++apart;
        const FleetVerification verification = verify_fleet_plan(fleet);
        CHECK(verification.breaches == std::vector<std::string>{});
        CHECK(verification.grams_per_second == doctest::Approx(expected).epsilon(1e-9));
    }
    CHECK(infeasible > 10);
    CHECK(infeasible < 200);
    CHECK(apart > 50);
}

TEST_CASE("fleet planner: where caps end the search the bound still holds") {
    FleetCaps caps;
    caps.rounds = 10;
    caps.columns = 1;
    int bounded = 0;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        CAPTURE(seed);
        const Instance instance = draw(seed, 3, 4, 3);
        const double expected = least_by_trying(instance);
        const FleetPlanOrInfeasibility outcome = plan_fleet(instance.requests, instance.max_load, caps);
        if (const auto* none = std::get_if<Infeasibility>(&outcome)) {
            if (none->proven) CHECK(expected > 1e200);
            continue;
        }
        const FleetPlan& fleet = std::get<FleetPlan>(outcome);
        CHECK(fleet.certificate.lower_bound <= expected * (1 + 1e-9));
        CHECK(fleet.certificate.value >= expected * (1 - 1e-9));
        CHECK(verify_fleet_plan(fleet).breaches == std::vector<std::string>{});
        if (!fleet.certificate.proven_optimal) ++bounded;
    }
    CHECK(bounded > 5);
}

TEST_CASE("fleet planner: five models of 30 layers on five nodes") {
    SeededRandom random(99);
    RandomShape shape;
    shape.nodes = 5;
    shape.layers = 30;
    std::vector<FleetRequest> requests;
    Cluster cluster;
    for (std::size_t m = 0; m < 5; ++m) {
        const Plan drawn = random_problem(random, shape);
        if (m == 0) cluster = drawn.cluster;
        FleetRequest request;
        request.name = "model" + std::to_string(m);
        request.problem.profiles = drawn.profiles;
        request.problem.node_profile = drawn.node_profile;
        request.rate_per_second = 1 + static_cast<double>(m);
        requests.push_back(std::move(request));
    }
    cluster.idle_policy = IdlePolicy::kAttributed;
    std::int64_t largest = 0;
    for (const FleetRequest& request : requests) {
        largest = std::max(largest, request.problem.profiles[0].load_peak_bytes.value());
    }
    for (Node& node : cluster.nodes) node.memory = Bytes(largest * 3 / 2);
    for (FleetRequest& request : requests) request.problem.cluster = cluster;
    const FleetPlanOrInfeasibility outcome = plan_fleet(requests, 0.9);
    if (const auto* none = std::get_if<Infeasibility>(&outcome)) FAIL(none->explanation);
    const FleetPlan& fleet = std::get<FleetPlan>(outcome);
    CHECK(fleet.certificate.method == "bounded-columns");
    CHECK(fleet.certificate.gap < 0.2);
    CHECK(verify_fleet_plan(fleet).breaches == std::vector<std::string>{});
}

}  // namespace
}  // namespace carbonedge
