#include "lib/runtime/replanner.h"

#include "lib/base/errors.h"
#include "lib/planner/exact_planner.h"
#include "lib/tradeoff/plan_problem.h"
#include "tests/unit/tradeoff/drawn_problem.h"

#include <doctest/doctest.h>

namespace carbonedge {
namespace {

Cluster drawn_hour(SeededRandom& random, const Cluster& cluster) {
    Cluster hour = cluster;
    for (Node& node : hour.nodes) node.intensity = CarbonIntensity(random.uniform(20, 700));
    return hour;
}

TEST_CASE("hour after hour it decides as a walk through time does, and takes a move back") {
    SeededRandom random(77);
    int moved = 0;
    int stayed = 0;
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        const DrawnProblem drawn = draw_problem(random, true);
        const PlanOrInfeasibility planned = plan_exactly(drawn.problem, "min-carbon");
        const Plan* plan = std::get_if<Plan>(&planned);
        if (plan == nullptr) continue;
        MovePolicy policy;
        policy.requests_per_second = 50;
        std::vector<Cluster> hours;
        for (int hour = 0; hour < 6; ++hour) hours.push_back(drawn_hour(random, plan->cluster));
        const PlanningProblem problem = problem_of_plan(*plan);
        const std::vector<WalkedStep> walked =
            walk_through(problem, running_pipeline(plan->cluster, placement_of_plan(*plan, problem)), hours, policy);
        Replanner replanner(*plan, policy, Seconds(60));
        for (std::size_t hour = 0; hour < walked.size(); ++hour) {
            const Replanner::Step step = replanner.decide(hours[hour]);
            CHECK(step.verdict == walked[hour].decision.verdict);
            CHECK(step.next.has_value() == (step.verdict != MoveVerdict::kStay));
            const Placement now = placement_of_plan(replanner.running(), problem);
            CHECK(now == walked[hour].placement);
            (step.next ? moved : stayed) += 1;
        }
    }
    CHECK(moved > 20);
    CHECK(stayed > 20);
}

TEST_CASE("a move that failed is taken back") {
    SeededRandom random(5);
    int taken_back = 0;
    for (int round = 0; round < 60 && taken_back < 5; ++round) {
        const DrawnProblem drawn = draw_problem(random, true);
        const PlanOrInfeasibility planned = plan_exactly(drawn.problem, "min-carbon");
        const Plan* plan = std::get_if<Plan>(&planned);
        if (plan == nullptr) continue;
        Replanner replanner(*plan, {}, Seconds(60));
        if (!replanner.decide(drawn_hour(random, plan->cluster)).next) continue;
        CHECK_FALSE(replanner.running().pipelines == plan->pipelines);
        replanner.take_back();
        CHECK(replanner.running().pipelines == plan->pipelines);
        ++taken_back;
    }
    CHECK(taken_back == 5);
}

TEST_CASE("a plan of several pipelines is routed, not moved") {
    SeededRandom random(6);
    Plan plan;
    plan.profiles.emplace_back();
    plan.pipelines.resize(2);
    CHECK_THROWS_AS(Replanner(plan, {}, Seconds(1)), UsageError);
}

}  // namespace
}  // namespace carbonedge
