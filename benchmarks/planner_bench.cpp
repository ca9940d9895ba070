#include "lib/planner/limit_analysis.h"
#include "tests/support/random_problem.h"

#include <benchmark/benchmark.h>
#include <cmath>

namespace carbonedge {
namespace {

PlanningProblem problem_of(std::size_t layers, std::size_t nodes, Objective objective, std::uint64_t seed) {
    SeededRandom random(seed);
    RandomShape shape;
    shape.layers = layers;
    shape.nodes = nodes;
    const Plan drawn = random_problem(random, shape);
    PlanningProblem problem;
    problem.cluster = drawn.cluster;
    problem.profiles = drawn.profiles;
    problem.node_profile = drawn.node_profile;
    problem.objective = objective;
    return problem;
}

/// The optimum under a latency limit of 1.2 times the fastest (but for the latency objective itself) and memory that
/// holds about half of the model a node.
void plan_exact(benchmark::State& state) {
    const auto objective = static_cast<Objective>(state.range(2));
    PlanningProblem problem =
        problem_of(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)), objective,
                   static_cast<std::uint64_t>(state.range(3)));
    const Profile& profile = problem.profiles[0];
    for (Node& node : problem.cluster.nodes) {
        node.memory = Bytes((profile.load_peak_bytes.value() * 3 + profile.runtime_base_bytes.value() * 2) / 5);
    }
    if (objective != Objective::kLatency) {
        PlanningProblem fastest = problem;
        fastest.objective = Objective::kLatency;
        problem.limits.latency_mean = to_nanoseconds(Seconds(solve(fastest).search.value * 1.2));
    }
    double labels = 0;
    double value = 0;
    double stages = 0;
    for (auto _ : state) {
        const Solution solution = solve(problem);
        if (solution.status != SearchStatus::kOptimal) state.SkipWithError("not solved");
        // Bottleneck plans are found by probing thresholds and have no labels.
        const auto kept = solution.search.counters.find("labels kept");
        labels = kept == solution.search.counters.end() ? 0 : kept->second;
        value = solution.search.value;
        stages = static_cast<double>(solution.placement.size());
    }
    state.counters["labels"] = labels;
    state.counters["value"] = value;
    state.counters["stages"] = stages;
}
BENCHMARK(plan_exact)
    ->ArgNames({"layers", "nodes", "objective", "seed"})
    ->ArgsProduct({{60, 150}, {3}, {0, 2, 3, 4}, {1, 2}})
    ->ArgsProduct({{100}, {8}, {0, 2, 3, 4}, {1, 2, 3}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace carbonedge
