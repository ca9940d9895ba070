#include "lib/planner/policies.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <map>

namespace carbonedge {
namespace {

constexpr std::array<Objective, 5> kObjectives{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                               Objective::kBottleneck, Objective::kScore};

PlanningProblem draw_problem(SeededRandom& random) {
    RandomShape shape;
    shape.layers = 4 + random.below(16);
    shape.nodes = 1 + random.below(4);
    shape.closed_cuts = random.below(2) == 0 ? 0 : 0.2;
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    problem.carbon_weight = random.uniform();
    return problem;
}

/// Limits around what the policies themselves attain, so that they meet many of them.
void draw_limits(SeededRandom& random, PlanningProblem& problem, const std::vector<Plan>& plans) {
    const Prediction& some = plans[random.below(plans.size())].predicted;
    const Prediction& other = plans[random.below(plans.size())].predicted;
    Limits& limits = problem.limits;
    const auto about = [&](Nanoseconds time) {
        return Nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * random.uniform(0.9, 1.5)));
    };
    if (random.below(2) == 0) limits.latency_mean = about(some.latency_mean);
    if (random.below(6) == 0) limits.latency_p95 = about(some.latency_p95);
    if (random.below(3) == 0) {
        limits.throughput_per_second = other.pipeline_throughput_per_second * random.uniform(0.6, 1.1);
    }
    const std::size_t nodes = problem.cluster.nodes.size();
    if (random.below(4) == 0) limits.max_nodes = 1 + random.below(nodes);
    const std::vector<LayerProfile>& layers = problem.profiles.front().layers;
    const auto any_node = [&] { return problem.cluster.nodes[random.below(nodes)].name; };
    if (random.below(6) == 0) limits.pinned.emplace_back(layers[random.below(layers.size())].name, any_node());
    if (random.below(6) == 0) limits.forbidden.emplace_back(layers[random.below(layers.size())].name, any_node());
    if (random.below(3) == 0) {
        for (Node& node : problem.cluster.nodes) {
            node.memory = Bytes(static_cast<std::int64_t>(
                static_cast<double>(problem.profiles.front().load_peak_bytes.value()) * random.uniform(0.8, 1.5)));
        }
    }
}

/// Requests that take turns are a mixture of pipelines: it passes more of them than any one, and meets a limit of the
/// mean with a pipeline that alone does not.
bool comparable(const PlanningProblem& problem, const Policy& policy) {
    if (!routes_requests(policy)) return true;
    const bool sums = problem.objective == Objective::kCarbon || problem.objective == Objective::kEnergy;
    const Limits& limits = problem.limits;
    return sums && !limits.latency_mean && !limits.latency_p95 && !limits.throughput_per_second;
}

}  // namespace

TEST_CASE("property: the exact plan never loses to a baseline that keeps the limits, under any objective and limits") {
    SeededRandom random(20261121);
    std::map<std::string, int> compared;
    std::map<std::string, int> beaten;
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        PlanningProblem problem = draw_problem(random);
        problem.objective = kObjectives[static_cast<std::size_t>(round) % kObjectives.size()];
        const std::vector<Policy> policies = all_policies("green", random.next());
        if (round % 3 != 0) {
            std::vector<Plan> plans;
            for (const Policy& policy : policies) {
                PlanOrInfeasibility proposed = propose_plan(problem, policy, "policy");
                if (auto* plan = std::get_if<Plan>(&proposed)) plans.push_back(std::move(*plan));
            }
            draw_limits(random, problem, plans);
        }
        const PlanOrInfeasibility exact = plan_exactly(problem, "exact");
        for (const Policy& policy : policies) {
            const std::string name = policy_plan_name(policy);
            CAPTURE(name);
            const PlanOrInfeasibility other = plan_policy(problem, policy, name);
            if (!std::holds_alternative<Plan>(other) || !comparable(problem, policy)) continue;
            REQUIRE(std::holds_alternative<Plan>(exact));
            const double best = std::get<Plan>(exact).certificate.value;
            const double value = std::get<Plan>(other).certificate.value;
            ++compared[name];
            CHECK(value >= best * (1 - 1e-9));
            beaten[name] += value > best * (1 + 1e-9) ? 1 : 0;
        }
    }
    CHECK(compared.size() == all_policies("green", 1).size());
    for (const auto& [name, count] : compared) {
        CAPTURE(name);
        CHECK(count > 60);
        CHECK(beaten[name] > count / 20);  // a rule that is always the optimum would not be the rule that it says it is
    }
}

TEST_CASE("every policy's name is read back to it") {
    for (const Policy& policy : all_policies("balanced", 5)) {
        const Policy again =
            parse_policy(policy_names()[static_cast<std::size_t>(policy.kind)], policy.mode, policy.variant, 5);
        CHECK(again.kind == policy.kind);
        CHECK(again.variant == policy.variant);
        CHECK(policy_plan_name(again) == policy_plan_name(policy));
    }
    CHECK(parse_policy("monolithic=a=b", "", "", 1).node == "a=b");
    CHECK_THROWS_WITH(parse_policy("monolithic", "", "", 1),
                      "--policy: 'monolithic' names no node, expected monolithic=NODE");
}

TEST_CASE("a profile with fewer cuts than nodes need is an answer, not an error") {
    SeededRandom random(3);
    RandomShape shape;
    shape.layers = 2;
    shape.nodes = 4;
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    for (const Policy& policy : all_policies("green", 1)) {
        const PlanOrInfeasibility outcome = propose_plan(problem, policy, "policy");
        const bool needs_all = policy.kind == Policy::Kind::kEqual || policy.kind == Policy::Kind::kCapability;
        CAPTURE(policy_plan_name(policy));
        CHECK(std::holds_alternative<Infeasibility>(outcome) == needs_all);
    }
}

}  // namespace carbonedge
