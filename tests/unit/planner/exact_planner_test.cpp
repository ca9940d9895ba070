#include "lib/planner/exact_planner.h"
#include "lib/planner/limit_analysis.h"
#include "tests/support/brute_force.h"
#include "tests/support/planning_problem.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

struct BruteBest {
    double value = 1e300;
    std::size_t allowed = 0;
};

bool meets_p95(const Plan& problem, const std::vector<BruteStage>& pipeline) {
    if (!problem.limits.latency_p95) return true;
    const PlanningProblem inputs = problem_of(problem);
    Placement placement;
    for (const BruteStage& stage : pipeline) placement.push_back({stage.node, {stage.first, stage.end}});
    return replay_placement(inputs, CostTable(inputs), placement).p95.count() <=
           static_cast<double>(problem.limits.latency_p95->count()) / 1e9;
}

BruteBest brute_best(const Plan& problem) {
    BruteBest best;
    for_every_pipeline(problem, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(problem, pipeline);
        if (!brute_allowed(problem, pipeline, cost) || !meets_p95(problem, pipeline)) return;
        ++best.allowed;
        best.value = std::min(best.value, brute_value(problem, cost));
    });
    return best;
}

/// Limits that cut into what is possible: drawn around the values that real pipelines of the instance have.
void draw_limits(SeededRandom& random, Plan& problem) {
    std::vector<BruteCost> costs;
    for_every_pipeline(
        problem, [&](const std::vector<BruteStage>& pipeline) { costs.push_back(brute_cost(problem, pipeline)); });
    const BruteCost& some = costs[random.below(costs.size())];
    const BruteCost& other = costs[random.below(costs.size())];
    Limits& limits = problem.limits;
    const auto nanoseconds = [&](double seconds) {
        return Nanoseconds(static_cast<std::int64_t>(seconds * random.uniform(0.8, 1.2) * 1e9));
    };
    if (random.below(2) == 0) limits.latency_mean = nanoseconds(some.latency());
    if (random.below(4) == 0) limits.latency_p95 = nanoseconds(some.latency() * 1.3);
    if (random.below(3) == 0) limits.throughput_per_second = random.uniform(0.8, 1.2) / other.bottleneck;
    if (random.below(3) == 0) limits.max_nodes = 1 + random.below(problem.cluster.nodes.size());
    const std::vector<LayerProfile>& layers = problem.profiles[0].layers;
    const auto any_node = [&] { return problem.cluster.nodes[random.below(problem.cluster.nodes.size())].name; };
    if (random.below(4) == 0) limits.pinned.emplace_back(layers[random.below(layers.size())].name, any_node());
    if (random.below(4) == 0) limits.forbidden.emplace_back(layers[random.below(layers.size())].name, any_node());
    if (random.below(8) == 0) limits.forbidden.emplace_back("*", any_node());
    if (random.below(2) == 0) {
        for (Node& node : problem.cluster.nodes) {
            const Profile& profile = problem.profiles[0];
            node.memory = Bytes(static_cast<std::int64_t>(static_cast<double>(profile.load_peak_bytes.value()) *
                                                          random.uniform(0.7, 1.3)));
        }
    }
}

}  // namespace

TEST_CASE("the exact planner equals brute force on 2,000 seeded small instances, all objectives and limits") {
    SeededRandom random(20260101);
    constexpr std::array<Objective, 5> kObjectives{Objective::kCarbon, Objective::kEnergy, Objective::kLatency,
                                                   Objective::kBottleneck, Objective::kScore};
    int infeasible = 0;
    int several_stages = 0;
    for (int round = 0; round < 2000; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 2 + random.below(5);
        shape.nodes = 1 + random.below(4);
        if (shape.nodes == 4) shape.layers = std::min<std::size_t>(shape.layers, 5);
        Plan problem = random_problem(random, shape);
        problem.objective = kObjectives[static_cast<std::size_t>(round) % kObjectives.size()];
        problem.carbon_weight = random.uniform();
        draw_limits(random, problem);
        const BruteBest best = brute_best(problem);
        const Solution solution = solve(problem_of(problem));
        CHECK((solution.status == SearchStatus::kInfeasible) == (best.allowed == 0));
        if (best.allowed == 0) {
            ++infeasible;
            continue;
        }
        REQUIRE(solution.status == SearchStatus::kOptimal);
        CHECK(std::abs(solution.search.value - best.value) <= 1e-9 * std::abs(best.value));
        // The value is also what the oracle says of the very placement.
        std::vector<BruteStage> pipeline;
        for (const PlacedStage& placed : solution.placement) {
            pipeline.push_back({placed.node, placed.layers.first, placed.layers.end});
        }
        const BruteCost cost = brute_cost(problem, pipeline);
        CHECK(std::abs(brute_value(problem, cost) - best.value) <= 1e-9 * std::abs(best.value));
        several_stages += solution.placement.size() > 1 ? 1 : 0;
    }
    CHECK(infeasible > 100);  // the draw exercises both answers, and plans of several stages
    CHECK(infeasible < 1200);
    CHECK(several_stages > 200);
}

TEST_CASE("a set of conflicting limits is minimal: whole it is infeasible, without any one of it feasible") {
    SeededRandom random(5);
    int seen = 0;
    for (int round = 0; round < 400 && seen < 60; ++round) {
        RandomShape shape;
        shape.layers = 2 + random.below(4);
        shape.nodes = 1 + random.below(3);
        Plan drawn = random_problem(random, shape);
        drawn.objective = Objective::kCarbon;
        draw_limits(random, drawn);
        const PlanningProblem problem = problem_of(drawn);
        const PlanOrInfeasibility outcome = plan_exactly(problem, "x");
        if (std::holds_alternative<Plan>(outcome)) continue;
        ++seen;
        CAPTURE(round);
        const Infeasibility& infeasibility = std::get<Infeasibility>(outcome);
        CAPTURE(infeasibility.explanation);
        CHECK(infeasibility.proven);
        REQUIRE_FALSE(infeasibility.conflicting_limits.empty());
        CHECK_FALSE(infeasibility.explanation.empty());
        const auto named = [&](const std::string& text) {
            const auto& list = infeasibility.conflicting_limits;
            return std::find(list.begin(), list.end(), text) != list.end();
        };
        PlanningProblem only = problem;
        for (const NamedLimit& limit : limits_of(problem)) {
            if (!named(limit.text)) limit.remove(only);
        }
        CHECK(solve(only).status == SearchStatus::kInfeasible);
        for (const NamedLimit& limit : limits_of(problem)) {
            if (!named(limit.text)) continue;
            PlanningProblem without = only;
            limit.remove(without);
            CHECK(solve(without).status == SearchStatus::kOptimal);
        }
    }
    CHECK(seen >= 30);
}

}  // namespace carbonedge
