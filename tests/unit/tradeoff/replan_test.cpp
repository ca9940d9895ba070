#include "lib/tradeoff/replan.h"
#include "lib/base/errors.h"
#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/plan_problem.h"
#include "tests/unit/tradeoff/drawn_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

struct BruteBest {
    double value = 1e300;
    Placement placement;
};

BruteBest brute_best(const Plan& plan) {
    BruteBest best;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (!brute_allowed(plan, pipeline, cost) || brute_value(plan, cost) >= best.value) return;
        best.value = brute_value(plan, cost);
        best.placement.clear();
        for (const BruteStage& stage : pipeline) best.placement.push_back({stage.node, {stage.first, stage.end}});
    });
    return best;
}

std::vector<Cluster> drawn_hours(SeededRandom& random, const Cluster& cluster, std::size_t count) {
    std::vector<Cluster> hours(count, cluster);
    for (Cluster& hour : hours) {
        for (Node& node : hour.nodes) node.intensity = CarbonIntensity(random.uniform(20, 700));
    }
    return hours;
}

}  // namespace

TEST_CASE("which limits a placement breaks agrees with the oracle") {
    SeededRandom random(4201);
    int broken = 0;
    int fine = 0;
    for (int round = 0; round < 150; ++round) {
        CAPTURE(round);
        const DrawnProblem drawn = draw_problem(random, true);
        const CostTable table(drawn.problem);
        for_every_pipeline(drawn.brute, [&](const std::vector<BruteStage>& pipeline) {
            Placement placement;
            for (const BruteStage& stage : pipeline) placement.push_back({stage.node, {stage.first, stage.end}});
            const bool allowed = brute_allowed(drawn.brute, pipeline, brute_cost(drawn.brute, pipeline));
            CHECK(broken_by(drawn.problem, table, placement).empty() == allowed);
            (allowed ? fine : broken) += 1;
        });
    }
    CHECK(broken > 500);
    CHECK(fine > 500);
}

TEST_CASE("a plan file holds all that its problem needs") {
    SeededRandom random(4202);
    int seen = 0;
    for (int round = 0; round < 60; ++round) {
        const DrawnProblem drawn = draw_problem(random, true);
        const PlanOrInfeasibility outcome = plan_exactly(drawn.problem, "x");
        if (std::holds_alternative<Infeasibility>(outcome)) continue;
        ++seen;
        const Plan& plan = std::get<Plan>(outcome);
        const PlanningProblem problem = problem_of_plan(plan);
        CHECK(problem.limits == drawn.problem.limits);
        CHECK(problem.cluster == drawn.problem.cluster);
        const auto again = std::get<Plan>(plan_exactly(problem, "x"));
        CHECK(again.certificate.value == plan.certificate.value);
        CHECK(broken_by(problem, CostTable(problem), placement_of_plan(plan, problem)).empty());
    }
    CHECK(seen > 30);
    Plan several;
    several.pipelines.resize(2);
    CHECK_THROWS_AS(placement_of_plan(several, {}), UsageError);
}

TEST_CASE("moving costs the weights and restarts of the stages that change, and nothing else") {
    SeededRandom random(4203);
    RandomShape shape;
    shape.layers = 6;
    shape.nodes = 3;
    Plan plan = random_problem(random, shape);
    plan.node_profile = {0, 0, 0};
    Cluster& cluster = plan.cluster;
    cluster.links.clear();
    cluster.default_link.latency = Nanoseconds(1'000'000);
    cluster.default_link.bandwidth = BytesPerSecond(1e6);
    cluster.default_link.energy_per_byte = JoulesPerByte(1e-6);
    cluster.default_link.intensity = CarbonIntensity(360);
    Node& target = cluster.nodes[2];
    target.busy_power_per_core = Watts(6);
    target.idle_power_per_core = Watts(2);
    target.pue = 1.5;
    target.intensity = CarbonIntensity(100);
    const PlanningProblem problem = problem_of(plan);
    const Placement before{{0, {0, 3}}, {1, {3, 6}}};
    const RunningPipeline running = running_pipeline(cluster, before);

    const MoveAccount none = account_of_move(problem, running, before, Seconds(2));
    CHECK(none.moves.empty());
    CHECK(none.released.empty());
    CHECK(none.grams == GramsCo2e(0));
    CHECK(none.downtime == Seconds(0));

    const MoveAccount one = account_of_move(problem, running, {{0, {0, 3}}, {2, {3, 6}}}, Seconds(2));
    REQUIRE(one.moves.size() == 1);
    CHECK(one.moves[0].node == "n2");
    REQUIRE(one.released == std::vector<std::string>{"n1"});
    double bytes = 0;
    for (std::size_t l = 3; l < 6; ++l) bytes += static_cast<double>(plan.profiles[0].layers[l].weight_bytes.value());
    CHECK(static_cast<double>(one.weights.value()) == bytes);
    CHECK(one.downtime.count() == doctest::Approx(0.001 + bytes / 1e6 + 2));
    CHECK(one.joules.value() == doctest::Approx(bytes * 1e-6 + (6 - 2) * 1.5 * 2));
    CHECK(one.grams.value() == doctest::Approx(bytes * 1e-6 * 360 / 3.6e6 + 12 * 100 / 3.6e6));

    // A stage that grows is another stage: it is shipped whole.
    CHECK(account_of_move(problem, running, {{0, {0, 4}}, {1, {4, 6}}}, Seconds(2)).moves.size() == 2);
}

TEST_CASE("verdicts follow the least saving and the payback, and a broken limit forces the move") {
    SeededRandom random(4204);
    int moved = 0;
    int too_little = 0;
    int too_late = 0;
    int forced = 0;
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        DrawnProblem drawn = draw_problem(random, round % 2 == 0);
        drawn.brute.objective = Objective::kCarbon;
        drawn.problem.objective = Objective::kCarbon;
        const BruteBest best = brute_best(drawn.brute);
        if (best.placement.empty()) continue;
        std::vector<Placement> all;
        for_every_pipeline(drawn.brute, [&](const std::vector<BruteStage>& pipeline) {
            all.emplace_back();
            for (const BruteStage& stage : pipeline) all.back().push_back({stage.node, {stage.first, stage.end}});
        });
        const Placement& running = all[random.below(all.size())];
        MovePolicy policy;
        policy.least_saving = random.uniform(0, 0.5);
        policy.requests_per_second = std::pow(10, random.uniform(-2, 3));
        policy.payback = Seconds(std::pow(10, random.uniform(0, 5)));
        const MoveDecision decision =
            decide_move(drawn.problem, running_pipeline(drawn.brute.cluster, running), best.placement, policy);
        CHECK(decision.best_value == doctest::Approx(best.value).epsilon(1e-9));
        const std::vector<BruteStage> stages = brute_stages(running);
        const BruteCost cost = brute_cost(drawn.brute, stages);
        CHECK(*decision.running_value == doctest::Approx(cost.grams).epsilon(1e-9));
        if (!brute_allowed(drawn.brute, stages, cost)) {
            ++forced;
            CHECK(decision.verdict == MoveVerdict::kMustMove);
            CHECK_FALSE(decision.broken.empty());
            continue;
        }
        const double saved = cost.grams - best.value;
        if (saved < 1e-9 * cost.grams) {
            CHECK(decision.verdict == MoveVerdict::kStay);
            continue;
        }
        const double earned = saved * policy.requests_per_second * policy.payback.count();
        const bool enough = saved / cost.grams >= policy.least_saving;
        const bool in_time = earned >= decision.account.grams.value();
        CHECK((decision.verdict == MoveVerdict::kMove) == (enough && in_time));
        moved += decision.verdict == MoveVerdict::kMove ? 1 : 0;
        too_little += enough ? 0 : 1;
        too_late += enough && !in_time ? 1 : 0;
    }
    CHECK(moved > 20);
    CHECK(too_little > 10);
    CHECK(too_late > 20);
    CHECK(forced > 20);
}

TEST_CASE("a walk through hours finds the optimum of every hour and moves only when the policy says so") {
    SeededRandom random(4205);
    int moves = 0;
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        DrawnProblem drawn = draw_problem(random, true);
        drawn.brute.objective = Objective::kCarbon;
        drawn.problem.objective = Objective::kCarbon;
        const BruteBest start = brute_best(drawn.brute);
        if (start.placement.empty()) continue;
        const std::vector<Cluster> hours = drawn_hours(random, drawn.brute.cluster, 6);
        const RunningPipeline running = running_pipeline(drawn.brute.cluster, start.placement);
        MovePolicy eager;
        eager.least_saving = 0;
        eager.payback = Seconds(1e18);
        MovePolicy never;
        never.least_saving = 2;
        const auto following = walk_through(drawn.problem, running, hours, eager);
        const auto holding = walk_through(drawn.problem, running, hours, never);
        REQUIRE(following.size() == hours.size());
        REQUIRE(holding.size() == hours.size());
        for (std::size_t h = 0; h < hours.size(); ++h) {
            Plan now = drawn.brute;
            now.cluster = hours[h];
            const BruteBest best = brute_best(now);
            CHECK(following[h].proven);
            CHECK(following[h].value == doctest::Approx(best.value).epsilon(1e-9));
            CHECK(following[h].lower_bound == doctest::Approx(best.value).epsilon(1e-9));
            CHECK(holding[h].placement == start.placement);
            CHECK(*following[h].first_value == holding[h].value);
            moves += following[h].decision.verdict == MoveVerdict::kMove ? 1 : 0;
        }
    }
    CHECK(moves > 20);
}

}  // namespace carbonedge
