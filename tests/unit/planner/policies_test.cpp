#include "lib/planner/policies.h"
#include "lib/base/errors.h"

#include <doctest/doctest.h>
#include <array>

namespace carbonedge {
namespace {

/// Three nodes as published: High 1.0 CPU 620 g, Medium 0.6 CPU 530 g, Green 0.4 CPU 380 g, a network of one second of
/// 141 W in all on each of them (the paper's latencies are alike on all three).
PlanningProblem paper_problem(double seconds) {
    PlanningProblem problem;
    Profile profile;
    profile.model_sha256 = std::string(64, 'b');
    profile.input_values = {{0, Bytes(600'000)}};
    for (int l = 0; l < 4; ++l) {
        LayerProfile layer;
        layer.name = "layer" + std::to_string(l);
        layer.inputs = {l};
        layer.outputs = {{l + 1, Bytes(1000)}};
        layer.parameters = 1000;
        layer.weight_bytes = Bytes(4000);
        layer.latency_median = Nanoseconds(static_cast<std::int64_t>(seconds / 4 * 1e9));
        layer.cpu_mean = layer.latency_median;
        profile.layers.push_back(layer);
    }
    profile.output_values = {4};
    profile.load_peak_bytes = Bytes(1'000'000);
    problem.profiles = {profile};
    const std::array<const char*, 3> names{"high", "medium", "green"};
    const std::array<double, 3> intensities{620, 530, 380};
    for (std::size_t v = 0; v < 3; ++v) {
        Node node;
        node.name = names[v];
        node.cpus = 1;
        node.memory = Bytes(1 << 30);
        node.intensity = CarbonIntensity(intensities[v]);
        node.busy_power_per_core = Watts(141);
        problem.cluster.nodes.push_back(node);
        problem.node_profile.push_back(0);
    }
    problem.objective = Objective::kNone;
    return problem;
}

Policy selection(const std::string& mode, const std::string& variant) {
    return {Policy::Kind::kNodeSelection, "", mode, variant};
}

/// The names of the nodes that requests went to, told by where the grams of the plan come from.
double grams_of(const PlanOrInfeasibility& outcome) { return std::get<Plan>(outcome).predicted.parts.grams().value(); }

}  // namespace

TEST_CASE("the printed score uses one node for all requests: High or Green, never a mixture") {
    PlanningProblem problem = paper_problem(0.25);
    problem.cluster.nodes.erase(problem.cluster.nodes.begin() + 1);
    problem.node_profile.pop_back();
    problem.cluster.nodes[1].speed_factor = 0.25 / 0.30;
    const double high = grams_of(plan_policy(problem, {Policy::Kind::kMonolithic, "high", "", ""}, "high"));
    const double green = grams_of(plan_policy(problem, {Policy::Kind::kMonolithic, "green", "", ""}, "green"));
    CHECK(high == doctest::Approx(141 * 0.25 / 3.6e6 * 620).epsilon(1e-9));
    CHECK(green == doctest::Approx(141 * 0.30 / 3.6e6 * 380).epsilon(1e-9));
    CHECK(grams_of(plan_policy(problem, selection("performance", "paper"), "p")) == doctest::Approx(high));
    CHECK(grams_of(plan_policy(problem, selection("green", "paper"), "g")) == doctest::Approx(green));
    // With true kilowatt-hours the carbon term is nearly flat and Green mode picks the faster, dirtier node.
    CHECK(grams_of(plan_policy(problem, selection("green", "si"), "g")) == doctest::Approx(high));
    CHECK(grams_of(plan_policy(problem, selection("green", "minmax"), "g")) == doctest::Approx(green));
}

TEST_CASE("round robin charges the mean over its nodes and a monolithic plan its own node") {
    const PlanningProblem problem = paper_problem(0.25);
    const double joules = 141 * 0.25;
    const PlanOrInfeasibility turns = plan_policy(problem, {Policy::Kind::kRoundRobin, "", "", ""}, "rr");
    CHECK(grams_of(turns) == doctest::Approx(joules / 3.6e6 * (620 + 530 + 380) / 3).epsilon(1e-9));
    CHECK(std::get<Plan>(turns).predicted.pipeline_throughput_per_second == doctest::Approx(12).epsilon(1e-6));
    const PlanOrInfeasibility single = plan_policy(problem, {Policy::Kind::kMonolithic, "medium", "", ""}, "m");
    CHECK(grams_of(single) == doctest::Approx(joules / 3.6e6 * 530).epsilon(1e-9));
    CHECK(std::get<Plan>(single).predicted.latency_mean == Nanoseconds(250'000'000));
}

TEST_CASE("a policy that breaks a limit says which") {
    PlanningProblem problem = paper_problem(0.25);
    problem.limits.latency_mean = Nanoseconds(100'000'000);
    const PlanOrInfeasibility slow = plan_policy(problem, {Policy::Kind::kMonolithic, "high", "", ""}, "mono");
    REQUIRE(std::holds_alternative<Infeasibility>(slow));
    CHECK(std::get<Infeasibility>(slow).explanation == "policy mono breaks latency <= 100 ms: it takes 250 ms");
    problem.limits = {};
    for (Node& node : problem.cluster.nodes) node.memory = Bytes(1000);
    CHECK(std::holds_alternative<Infeasibility>(plan_policy(problem, {Policy::Kind::kRoundRobin, "", "", ""}, "rr")));
    CHECK_THROWS_WITH(plan_policy(problem, {Policy::Kind::kMonolithic, "gren", "", ""}, "x"),
                      "--policy: unknown node 'gren' (did you mean 'green'?); valid: high, medium, green");
}

}  // namespace carbonedge
