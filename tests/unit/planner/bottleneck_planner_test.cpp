#include "lib/planner/bottleneck_planner.h"

#include "lib/planner/bottleneck_graph.h"
#include "lib/planner/exact_planner.h"
#include "lib/verify/bottleneck_bound.h"
#include "lib/verify/recompute.h"
#include "lib/verify/verify.h"
#include "tests/support/brute_force.h"
#include "tests/support/random_problem.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

PlanningProblem problem_of(const Plan& plan) {
    PlanningProblem problem;
    problem.cluster = plan.cluster;
    problem.profiles = plan.profiles;
    problem.node_profile = plan.node_profile;
    problem.objective = Objective::kBottleneck;
    problem.limits = plan.limits;
    return problem;
}

/// Makes some nodes copies of others, but for name and intensity.
void repeat_nodes(SeededRandom& random, Plan& plan) {
    std::vector<Node>& nodes = plan.cluster.nodes;
    for (std::size_t v = 1; v < nodes.size(); ++v) {
        if (random.below(2) == 0) continue;
        const std::size_t like = random.below(v);
        const std::string name = nodes[v].name;
        const CarbonIntensity intensity = nodes[v].intensity;
        nodes[v] = nodes[like];
        nodes[v].name = name;
        nodes[v].intensity = intensity;
        plan.node_profile[v] = plan.node_profile[like];
    }
}

/// A problem of few layers and nodes with everything that can make a near beginning better than a far one: dear
/// borders, tight memory, slow links of all kinds, layers that some nodes may not run.
Plan draw_problem(SeededRandom& random, std::size_t layers, std::size_t nodes) {
    RandomShape shape;
    shape.layers = layers;
    shape.nodes = nodes;
    shape.throttled = random.below(2) == 0;
    Plan plan = random_problem(random, shape);
    plan.objective = Objective::kBottleneck;
    repeat_nodes(random, plan);
    if (random.below(2) == 0) plan.cluster.links.clear();
    if (random.below(3) == 0) {
        for (Profile& profile : plan.profiles) profile.boundary.per_byte_ns = random.uniform(0, 20);
        plan.cluster.transport.send_cpu_per_byte_ns = random.uniform(0, 20);
        plan.cluster.transport.receive_cpu_per_byte_ns = random.uniform(0, 20);
    }
    if (random.below(3) == 0) {
        plan.cluster.default_link.bandwidth = BytesPerSecond(random.uniform(1e7, 3e8));
    }
    if (random.below(2) == 0) {
        plan.cluster.buffers = {static_cast<int>(random.below(20)), static_cast<int>(random.below(20)), 1};
        const auto peak = static_cast<double>(plan.profiles[0].load_peak_bytes.value());
        const double memory = peak * random.uniform(0.6, 1.4);
        for (Node& node : plan.cluster.nodes) {
            node.memory = Bytes(static_cast<std::int64_t>(random.below(2) == 0 ? memory : memory * 1.2));
        }
    }
    const std::vector<LayerProfile>& rows = plan.profiles[0].layers;
    const auto any_node = [&] { return plan.cluster.nodes[random.below(nodes)].name; };
    const auto any_layer = [&] { return rows[random.below(rows.size())].name; };
    if (random.below(4) == 0) plan.limits.pinned.emplace_back(any_layer(), any_node());
    if (random.below(3) == 0) plan.limits.forbidden.emplace_back(any_layer(), any_node());
    if (random.below(4) == 0) plan.limits.max_nodes = 1 + random.below(nodes);
    return plan;
}

struct BruteBest {
    double value = 1e300;
    bool any = false;
};

BruteBest brute_best(const Plan& plan) {
    BruteBest best;
    for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
        const BruteCost cost = brute_cost(plan, pipeline);
        if (!brute_allowed(plan, pipeline, cost)) return;
        best.any = true;
        best.value = std::min(best.value, cost.bottleneck);
    });
    return best;
}

double brute_bottleneck(const Plan& plan, const Placement& placement) {
    std::vector<BruteStage> pipeline;
    for (const PlacedStage& placed : placement) {
        pipeline.push_back({placed.node, placed.layers.first, placed.layers.end});
    }
    const BruteCost cost = brute_cost(plan, pipeline);
    CHECK(brute_allowed(plan, pipeline, cost));
    return cost.bottleneck;
}

}  // namespace

TEST_CASE("threshold probing equals brute force on 2,000 seeded small instances with repeated nodes") {
    SeededRandom random(20260202);
    int infeasible = 0;
    int merged = 0;
    int several_stages = 0;
    for (int round = 0; round < 2000; ++round) {
        CAPTURE(round);
        const std::size_t nodes = 1 + random.below(4);
        const std::size_t layers = 2 + random.below(nodes == 4 ? 4 : 6);
        Plan plan = draw_problem(random, layers, nodes);
        BruteBest best = brute_best(plan);
        if (best.any && random.below(5) == 0) {
            plan.limits.throughput_per_second = random.uniform(0.9, 1.1) / best.value;
            best = brute_best(plan);
        }
        const PlanningProblem problem = problem_of(plan);
        const CostTable table(problem);
        const BottleneckSolution solution = probe_bottleneck(problem, table);
        REQUIRE(solution.proven);
        REQUIRE(solution.feasible == best.any);
        merged += BottleneckGraph(problem, table).kinds().size() < nodes ? 1 : 0;
        if (!best.any) {
            ++infeasible;
            continue;
        }
        CHECK(std::abs(solution.value - best.value) <= 1e-9 * best.value);
        CHECK(std::abs(brute_bottleneck(plan, solution.placement) - best.value) <= 1e-9 * best.value);
        CHECK(solution.lower_bound == solution.value);
        several_stages += solution.placement.size() > 1 ? 1 : 0;
        // The independent exhaustion agrees on both sides of the optimum.
        if (plan.limits.throughput_per_second) continue;
        CHECK(some_pipeline_within(plan, best.value * (1 + 1e-9)) == true);
        CHECK(some_pipeline_within(plan, best.value * (1 - 1e-9)) == false);
    }
    CHECK(infeasible > 100);
    CHECK(infeasible < 1000);
    CHECK(merged > 300);
    CHECK(several_stages > 400);
}

TEST_CASE("threshold probing keeps given cuts") {
    SeededRandom random(20260203);
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        RandomShape shape;
        shape.layers = 6;
        shape.nodes = 4;
        shape.closed_cuts = 0;
        Plan plan = random_problem(random, shape);
        plan.objective = Objective::kBottleneck;
        repeat_nodes(random, plan);
        const std::size_t first = 1 + random.below(3);
        const std::vector<std::size_t> cuts{first, first + 1 + random.below(5 - first)};
        double best = 1e300;
        for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
            if (pipeline.size() != 3 || pipeline[1].first != cuts[0] || pipeline[2].first != cuts[1]) return;
            best = std::min(best, brute_cost(plan, pipeline).bottleneck);
        });
        PlanningProblem problem = problem_of(plan);
        problem.given_cuts = cuts;
        const BottleneckSolution solution = probe_bottleneck(problem, CostTable(problem));
        REQUIRE(solution.proven);
        CHECK(std::abs(solution.value - best) <= 1e-9 * best);
    }
}

TEST_CASE("bottlenecks of middle-sized problems are proven again by exhaustion, and a raised bound is not") {
    SeededRandom random(20260204);
    int pretenders = 0;
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        Plan drawn = draw_problem(random, 30 + random.below(60), 6);
        drawn.limits = {};
        const PlanningProblem problem = problem_of(drawn);
        const PlanOrInfeasibility outcome = plan_exactly(problem, "least");
        if (std::holds_alternative<Infeasibility>(outcome)) continue;
        Plan plan = std::get<Plan>(outcome);
        CHECK(plan.certificate.method == "exact-threshold-probing");
        CHECK(plan.certificate.proven_optimal);
        CHECK(verify_plan(plan).passed());
        REQUIRE(some_pipeline_within(plan, plan.certificate.value * (1 - 1e-9)) == false);

        // No other plan that anybody can think of is better.
        const Recomputer recomputer(plan);
        for (int other = 0; other < 200; ++other) {
            std::vector<std::size_t> nodes(drawn.cluster.nodes.size());
            for (std::size_t v = 0; v < nodes.size(); ++v) std::swap(nodes[v] = v, nodes[random.below(v + 1)]);
            std::vector<NamedStage> stages;
            std::size_t begin = 0;
            for (std::size_t s = 0; s < nodes.size() && begin < drawn.profiles[0].layers.size(); ++s) {
                std::size_t end = begin + 1 + random.below(drawn.profiles[0].layers.size() / 3);
                while (end < drawn.profiles[0].layers.size() && !recomputer.cuts()[end].legal) ++end;
                if (s + 1 == nodes.size() || end > drawn.profiles[0].layers.size())
                    end = drawn.profiles[0].layers.size();
                stages.push_back({{begin, end}, drawn.cluster.nodes[nodes[s]].name});
                begin = end;
            }
            const RecomputedPipeline pipeline = recomputer.pipeline(stages);
            if (!broken_limits(plan, stages, pipeline, 0).empty()) continue;
            CHECK(recomputer.value(pipeline) >= plan.certificate.value * (1 - 1e-9));
        }

        plan.certificate.lower_bound = plan.certificate.value * 0.999;
        plan.certificate.gap = 0.001;
        plan.certificate.proven_optimal = false;
        plan.binding.clear();  // only a plan that is proven best says what binds
        CHECK(verify_plan(plan).passed());
        CHECK(some_pipeline_within(plan, plan.certificate.value * 1.001) == true);

        // The best of three nodes, claiming to be the best of all.
        PlanningProblem few = problem;
        few.limits.max_nodes = 3;
        const PlanOrInfeasibility of_three = plan_exactly(few, "three");
        if (std::holds_alternative<Infeasibility>(of_three)) continue;
        Plan pretender = std::get<Plan>(of_three);
        if (!(pretender.certificate.value > plan.certificate.value * (1 + 1e-6))) continue;
        pretender.limits.max_nodes.reset();
        std::erase(pretender.binding, "nodes <= 3");
        const std::vector<std::string> breaches = verify_plan(pretender).breaches;
        REQUIRE(breaches.size() == 1);
        CHECK(breaches.front().find("is beaten by some pipeline") != std::string::npos);
        ++pretenders;
    }
    CHECK(pretenders > 2);
}

TEST_CASE("a limit on latency that the best bottleneck breaks is left to the labels") {
    SeededRandom random(20260205);
    int decided_by_labels = 0;
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        Plan plan = draw_problem(random, 5, 3);
        std::vector<double> latencies;
        for_every_pipeline(plan, [&](const std::vector<BruteStage>& pipeline) {
            const BruteCost cost = brute_cost(plan, pipeline);
            if (brute_allowed(plan, pipeline, cost)) latencies.push_back(cost.latency());
        });
        if (latencies.empty()) continue;
        const double limit = latencies[random.below(latencies.size())] * 1.0001;
        plan.limits.latency_mean = Nanoseconds(static_cast<std::int64_t>(limit * 1e9));
        const BruteBest best = brute_best(plan);
        const PlanOrInfeasibility outcome = plan_exactly(problem_of(plan), "least");
        REQUIRE(std::holds_alternative<Plan>(outcome) == best.any);
        if (!best.any) continue;
        const Plan& found = std::get<Plan>(outcome);
        CHECK(std::abs(found.certificate.value - best.value) <= 1e-9 * best.value);
        CHECK(found.certificate.proven_optimal);
        decided_by_labels += found.certificate.method == "exact-label-setting" ? 1 : 0;
    }
    CHECK(decided_by_labels > 5);
}

TEST_CASE("where states do not fit the bound still holds, the plan is real, and what is proven is optimal") {
    SeededRandom random(20260206);
    int proven = 0;
    int exact_values = 0;
    int rounds = 0;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        const Plan plan = draw_problem(random, 4 + random.below(8), 5);
        const PlanningProblem problem = problem_of(plan);
        const CostTable table(problem);
        const BottleneckSolution best = probe_bottleneck(problem, table);
        REQUIRE(best.proven);
        ProbingOptions few_states;
        few_states.most_words = static_cast<double>(20 + random.below(300));
        const BottleneckSolution found = probe_bottleneck(problem, table, few_states);
        if (!best.feasible) {
            CHECK_FALSE(found.feasible);
            continue;
        }
        ++rounds;
        CHECK(found.lower_bound <= best.value * (1 + 1e-9));
        if (!found.feasible) {
            CHECK_FALSE(found.proven);
            continue;
        }
        CHECK(std::abs(brute_bottleneck(plan, found.placement) - found.value) <= 1e-9 * found.value);
        CHECK(found.value >= best.value * (1 - 1e-9));
        if (found.proven) CHECK(found.value <= best.value * (1 + 1e-9));
        proven += found.proven ? 1 : 0;
        exact_values += found.value <= best.value * (1 + 1e-9) ? 1 : 0;
    }
    CHECK(rounds > 200);
    CHECK(proven > rounds / 4);
    CHECK(proven < rounds);
    CHECK(exact_values > rounds / 2);
}

TEST_CASE("twenty-four different nodes get a plan and a bound close to each other") {
    SeededRandom random(20260207);
    RandomShape shape;
    shape.layers = 60;
    shape.nodes = 24;
    shape.closed_cuts = 0;
    Plan drawn = random_problem(random, shape);
    drawn.cluster.links.clear();
    drawn.cluster.default_link = {};  // the nodes decide, not the links
    const PlanningProblem problem = problem_of(drawn);
    const CostTable table(problem);
    ProbingOptions quick;
    quick.most_words = 1 << 20;
    const BottleneckSolution solution = probe_bottleneck(problem, table, quick);
    REQUIRE(solution.feasible);
    CHECK(solution.value >= solution.lower_bound);
    CHECK(solution.value <= solution.lower_bound * 1.35);
}

}  // namespace carbonedge
