#include "lib/tradeoff/pareto_front.h"
#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/front_description.h"
#include "tests/unit/tradeoff/drawn_problem.h"

#include <doctest/doctest.h>
#include <cmath>

namespace carbonedge {
namespace {

double cost_of_axis(const Plan& plan, const BruteCost& cost) {
    return plan.objective == Objective::kEnergy ? cost.joules : cost.grams;
}

struct BruteOutcome {
    double latency, cost, occupancy;
};

std::vector<BruteOutcome> every_outcome(const Plan& plan) {
    std::vector<BruteOutcome> all;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (brute_allowed(plan, pipeline, cost))
            all.push_back({cost.latency(), cost_of_axis(plan, cost), cost.bottleneck});
    });
    return all;
}

bool no_worse(double left, double right, double slack) { return left <= right + std::abs(right) * slack; }

/// Every outcome is equalled or beaten by a point, and no point is beaten by an outcome: a point too few or too many
/// breaks it.
void hold_front(const Plan& plan, const ParetoFront& front, const std::vector<BruteOutcome>& all) {
    for (const BruteOutcome& outcome : all) {
        bool covered = false;
        for (const FrontPoint& point : front.points) {
            covered = covered || (no_worse(point.latency_seconds, outcome.latency, 1e-9) &&
                                  no_worse(point.cost, outcome.cost, 1e-9) &&
                                  (!front.throughput || no_worse(point.occupancy_seconds, outcome.occupancy, 1e-9)));
        }
        CHECK(covered);
        for (const FrontPoint& point : front.points) {
            const bool beaten = no_worse(outcome.latency, point.latency_seconds, -1e-9) &&
                                no_worse(outcome.cost, point.cost, -1e-9) &&
                                (!front.throughput || no_worse(outcome.occupancy, point.occupancy_seconds, -1e-9));
            CHECK_FALSE(beaten);
        }
    }
    for (const FrontPoint& point : front.points) {  // the figures are the oracle's for the very placement
        const std::vector<BruteStage> stages = brute_stages(point.placement);
        const BruteCost cost = brute_cost(plan, stages);
        CHECK(brute_allowed(plan, stages, cost));
        CHECK(cost.latency() == doctest::Approx(point.latency_seconds).epsilon(1e-10));
        CHECK(cost_of_axis(plan, cost) == doctest::Approx(point.cost).epsilon(1e-10));
        CHECK(cost.bottleneck == doctest::Approx(point.occupancy_seconds).epsilon(1e-10));
        CHECK(point.cost_bound == point.cost);
    }
}

}  // namespace

TEST_CASE("the front of latency and carbon or energy equals brute force on 1,000 seeded small instances") {
    SeededRandom random(4001);
    int infeasible = 0;
    std::size_t points = 0;
    std::size_t largest = 0;
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        const DrawnProblem drawn = draw_problem(random, round % 3 != 0);
        const std::vector<BruteOutcome> all = every_outcome(drawn.brute);
        const FrontOrInfeasibility found = pareto_front(drawn.problem, {});
        REQUIRE(std::holds_alternative<Infeasibility>(found) == all.empty());
        if (all.empty()) {
            ++infeasible;
            continue;
        }
        const auto& front = std::get<ParetoFront>(found);
        CHECK(front.proven);
        hold_front(drawn.brute, front, all);
        points += front.points.size();
        largest = std::max(largest, front.points.size());
    }
    CHECK(infeasible > 10);
    CHECK(infeasible < 300);
    CHECK(points > 1500);
    CHECK(largest > 8);
}

TEST_CASE("a latency that a front shows as the limit of a plan gives a point at least as good") {
    SeededRandom random(4004);
    std::size_t points = 0;
    for (int round = 0; round < 100; ++round) {
        CAPTURE(round);
        DrawnProblem drawn = draw_problem(random, round % 3 != 0);
        const FrontOrInfeasibility found = pareto_front(drawn.problem, {});
        if (std::holds_alternative<Infeasibility>(found)) continue;
        const auto& front = std::get<ParetoFront>(found);
        const Document document = describe_front(drawn.problem, front);
        for (const Section& section : document.sections) {
            if (section_name(section) != "front") continue;
            const auto& table = std::get<Table>(section);
            REQUIRE(table.columns[1].key == "latency");
            for (std::size_t i = 0; i < front.points.size(); ++i) {
                const auto shown = std::get<Nanoseconds>(table.rows[i][1]);
                CHECK(to_seconds(shown).count() < front.points[i].latency_seconds + 1.01e-9);
                drawn.problem.limits.latency_mean = shown;
                const PlanOrInfeasibility outcome = plan_exactly(drawn.problem, "limited");
                REQUIRE(std::holds_alternative<Plan>(outcome));
                CHECK(no_worse(std::get<Plan>(outcome).certificate.value, front.points[i].cost, 1e-9));
                ++points;
            }
        }
    }
    CHECK(points > 150);
}

TEST_CASE("with throughput as a third axis the front equals brute force on 400 seeded small instances") {
    SeededRandom random(4002);
    std::size_t points = 0;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        const DrawnProblem drawn = draw_problem(random, round % 2 != 0);
        const std::vector<BruteOutcome> all = every_outcome(drawn.brute);
        FrontRequest request;
        request.throughput = true;
        const FrontOrInfeasibility found = pareto_front(drawn.problem, request);
        REQUIRE(std::holds_alternative<Infeasibility>(found) == all.empty());
        if (all.empty()) continue;
        hold_front(drawn.brute, std::get<ParetoFront>(found), all);
        points += std::get<ParetoFront>(found).points.size();
    }
    CHECK(points > 800);
}

TEST_CASE("label front and repeated planning with tighter limits give the same front on 60 larger instances") {
    SeededRandom random(4003);
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 10 + random.below(15);
        shape.nodes = 3 + random.below(4);
        Plan plan = random_problem(random, shape);
        plan.objective = Objective::kCarbon;
        const auto labels = std::get<ParetoFront>(pareto_front(problem_of(plan), {}));
        const auto limits = std::get<ParetoFront>(front_by_latency_limits(problem_of(plan)));
        CHECK(labels.proven);
        REQUIRE(labels.points.size() == limits.points.size());
        for (std::size_t i = 0; i < labels.points.size(); ++i) {
            CHECK(labels.points[i].latency_seconds == doctest::Approx(limits.points[i].latency_seconds).epsilon(1e-9));
            CHECK(labels.points[i].cost == doctest::Approx(limits.points[i].cost).epsilon(1e-9));
        }
    }
}

TEST_CASE("a front under a p95 limit holds the plans that brute force finds within it") {
    SeededRandom random(4005);
    std::size_t excluded = 0;
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        DrawnProblem drawn = draw_problem(random, false);
        const auto p95 = [&](const std::vector<BruteStage>& pipeline) {
            Placement placement;
            for (const BruteStage& stage : pipeline) placement.push_back({stage.node, {stage.first, stage.end}});
            return replay_placement(drawn.problem, CostTable(drawn.problem), placement).p95;
        };
        std::vector<Seconds> quantiles;
        for_every_pipeline(drawn.brute, [&](const auto& pipeline) { quantiles.push_back(p95(pipeline)); });
        const Seconds limit = quantiles[random.below(quantiles.size())] * 1.0001;
        drawn.problem.limits.latency_p95 = to_nanoseconds(limit);
        std::vector<BruteOutcome> within;
        std::size_t visited = 0;
        for_every_pipeline(drawn.brute, [&](const auto& pipeline) {
            if (quantiles[visited++] > limit) {
                ++excluded;
                return;
            }
            const BruteCost cost = brute_cost(drawn.brute, pipeline);
            if (brute_allowed(drawn.brute, pipeline, cost)) {
                within.push_back({cost.latency(), cost_of_axis(drawn.brute, cost), cost.bottleneck});
            }
        });
        const FrontOrInfeasibility found = pareto_front(drawn.problem, {});
        REQUIRE(std::holds_alternative<Infeasibility>(found) == within.empty());
        if (!within.empty()) hold_front(drawn.brute, std::get<ParetoFront>(found), within);
    }
    CHECK(excluded > 100);
}

TEST_CASE("a front cut off by its cap keeps bounds that hold") {
    SeededRandom random(4004);
    int unproven = 0;
    for (int round = 0; round < 30; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 20;
        shape.nodes = 5;
        Plan plan = random_problem(random, shape);
        plan.objective = Objective::kCarbon;
        const auto whole = std::get<ParetoFront>(pareto_front(problem_of(plan), {}));
        FrontRequest request;
        request.caps.labels = 20;
        request.caps.weights = 3;
        const auto part = std::get<ParetoFront>(pareto_front(problem_of(plan), request));
        if (part.proven) continue;
        ++unproven;
        CHECK(part.latency_bound <= whole.latency_bound * (1 + 1e-9));
        for (const FrontPoint& point : part.points) {
            double least = 1e300;
            for (const FrontPoint& exact : whole.points) {
                if (exact.latency_seconds <= point.latency_seconds * (1 + 1e-9)) least = std::min(least, exact.cost);
            }
            CHECK(point.cost_bound <= least * (1 + 1e-9));
            CHECK(point.cost >= least * (1 - 1e-9));
        }
    }
    CHECK(unproven > 5);
}

TEST_CASE("exchanges, hull and knee of a front") {
    std::vector<FrontPoint> points(4);
    const double latency[] = {0.010, 0.012, 0.020, 0.030};
    const double grams[] = {10, 5, 4.5, 1};
    for (std::size_t i = 0; i < 4; ++i) {
        points[i].latency_seconds = latency[i];
        points[i].cost = grams[i];
    }
    complete_points(points);
    CHECK(points[0].to_next->seconds == doctest::Approx(0.002));
    CHECK(points[0].to_next->cost == doctest::Approx(5));
    CHECK(points[2].to_next->seconds_per_cost() == doctest::Approx(0.010 / 3.5));
    CHECK_FALSE(points[3].to_next);
    CHECK(points[0].on_hull);
    CHECK(points[1].on_hull);
    CHECK_FALSE(points[2].on_hull);
    CHECK(points[3].on_hull);
    CHECK(points[1].knee);
    CHECK_FALSE(points[2].knee);
}

}  // namespace carbonedge
