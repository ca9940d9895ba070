#include "lib/verify/evaluation.h"
#include "lib/base/errors.h"
#include "lib/planner/policies.h"
#include "tests/support/brute_force.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>

namespace carbonedge {
namespace {

PlanningProblem draw_problem(SeededRandom& random) {
    RandomShape shape;
    shape.layers = 4 + random.below(8);
    shape.nodes = 2 + random.below(3);
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    constexpr std::array<Objective, 5> kObjectives{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                                   Objective::kBottleneck, Objective::kScore};
    problem.objective = kObjectives[random.below(kObjectives.size())];
    return problem;
}

}  // namespace

TEST_CASE("property: an evaluation does not read what a plan claims, and agrees with an honest one") {
    SeededRandom random(41);
    for (int round = 0; round < 100; ++round) {
        CAPTURE(round);
        const PlanningProblem problem = draw_problem(random);
        for (const Policy& policy : all_policies("balanced", random.next())) {
            CAPTURE(policy_plan_name(policy));
            const PlanOrInfeasibility outcome = propose_plan(problem, policy, "policy");
            if (!std::holds_alternative<Plan>(outcome)) continue;
            Plan plan = std::get<Plan>(outcome);
            const Prediction honest = plan.predicted;
            const double value = plan.certificate.value;
            if (plan.pipelines.size() == 1) {
                plan.predicted = {};
                plan.pipelines.front().predicted = {};
                for (PlannedStage& stage : plan.pipelines.front().stages) stage.busy = Nanoseconds(1);
                for (PlannedTransfer& leg : plan.pipelines.front().transfers) leg.time = Nanoseconds(1);
            }
            plan.certificate = {};
            const Evaluation evaluation = evaluate_plan(plan);
            CHECK(evaluation.value == doctest::Approx(value).epsilon(1e-9));
            CHECK(evaluation.parts.grams().value() == doctest::Approx(honest.parts.grams().value()).epsilon(1e-9));
            CHECK(evaluation.parts.joules().value() == doctest::Approx(honest.parts.joules().value()).epsilon(1e-9));
            CHECK(1 / evaluation.bottleneck.count() ==
                  doctest::Approx(honest.pipeline_throughput_per_second).epsilon(1e-9));
            CHECK(evaluation.latency_mean.count() ==
                  doctest::Approx(to_seconds(honest.latency_mean).count()).epsilon(2e-3));
            CHECK(evaluation.broken_limits.empty());
        }
    }
}

TEST_CASE("every limit that a plan breaks is named once") {
    SeededRandom random(42);
    PlanningProblem problem = draw_problem(random);
    Policy policy = parse_policy("equal-layers", "", "", 0);
    Plan plan = std::get<Plan>(propose_plan(problem, policy, "policy"));
    const std::string first = plan.pipelines.front().stages.front().node;
    plan.limits.latency_mean = Nanoseconds(1);
    plan.limits.latency_p95 = Nanoseconds(1);
    plan.limits.throughput_per_second = 1e9;
    plan.limits.max_nodes = 1;
    plan.limits.forbidden = {{"*", first}};
    const std::vector<std::string> expected{"forbid *=" + first, "number of nodes", "mean latency", "throughput",
                                            "p95 latency"};
    CHECK(evaluate_plan(plan).broken_limits == expected);

    policy = parse_policy("round-robin", "", "", 0);
    const PlanOrInfeasibility routed = propose_plan(problem, policy, "policy");
    plan = std::get<Plan>(routed);
    plan.limits.latency_mean = Nanoseconds(1);
    plan.limits.latency_p95 = Nanoseconds(1);
    plan.limits.throughput_per_second = 1e9;
    CHECK(evaluate_plan(plan).broken_limits == std::vector<std::string>{"mean latency", "throughput", "p95 latency"});
}

TEST_CASE("a pipeline that leaves rows out cannot be evaluated") {
    SeededRandom random(43);
    const PlanningProblem problem = draw_problem(random);
    const Plan plan = std::get<Plan>(propose_plan(problem, parse_policy("best-node", "", "", 0), "mine"));
    PlannedStage stage = plan.pipelines.front().stages.front();
    CHECK(evaluate_plan(with_pipeline(plan, {stage})).value == doctest::Approx(plan.certificate.value).epsilon(1e-9));
    stage.layers.end -= 1;
    CHECK_THROWS_AS(evaluate_plan(with_pipeline(plan, {stage})), InputError);
    stage.node = "nobody";
    CHECK_THROWS_WITH_AS(evaluate_plan(with_pipeline(plan, {stage})),
                         "mine: pipeline 0: node nobody is not in the cluster", InputError);
}

}  // namespace carbonedge
