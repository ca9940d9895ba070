#include "benchmarks/planner_instances.h"
#include "lib/base/random.h"
#include "lib/planner/limit_analysis.h"
#include "lib/tradeoff/replan.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

// CPU time of re-planning a day, hour by hour: `replan_day [layers] [nodes] [seeds]`, default 200 20 5. Intensities
// swing over the day, each node by its own phase and depth. Prints a row a seed and the median; ends with 1 where a
// step was not proven. The promise of docs/planners.md: 24 re-plans of 200 layers on 20 nodes within 2 s.

namespace carbonedge {
namespace {

std::vector<Cluster> day_of(const Cluster& cluster, std::uint64_t seed) {
    SeededRandom random(seed);
    std::vector<double> depth;
    std::vector<double> phase;
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        depth.push_back(random.uniform(0.05, 0.5));
        phase.push_back(random.uniform(0, 24));
    }
    std::vector<Cluster> hours;
    for (int hour = 0; hour < 24; ++hour) {
        Cluster now = cluster;
        for (std::size_t v = 0; v < now.nodes.size(); ++v) {
            const double swing = 1 + depth[v] * std::sin((hour - phase[v]) * 2 * 3.14159265358979 / 24);
            now.nodes[v].intensity = CarbonIntensity(cluster.nodes[v].intensity.value() * swing);
        }
        hours.push_back(std::move(now));
    }
    return hours;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

int run(std::size_t layers, std::size_t nodes, std::uint64_t seeds) {
    std::printf("seed,steps,proven_steps,moves,first_plan_cpu_seconds,day_cpu_seconds\n");
    std::vector<double> days;
    bool all_proven = true;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        InstanceShape shape;
        shape.layers = layers;
        shape.nodes = nodes;
        const PlanningProblem problem = planning_instance(shape, Objective::kCarbon, seed);
        const double begin = cpu_seconds();
        const Solution first = solve(problem);
        const double planned = cpu_seconds();
        const std::vector<Cluster> hours = day_of(problem.cluster, seed);
        const double start = cpu_seconds();
        MovePolicy policy;
        policy.requests_per_second = 10;
        const auto steps = walk_through(problem, running_pipeline(problem.cluster, first.placement), hours, policy);
        days.push_back(cpu_seconds() - start);
        int proven = 0;
        int moves = 0;
        for (const WalkedStep& step : steps) {
            proven += step.proven ? 1 : 0;
            moves += step.decision.verdict != MoveVerdict::kStay ? 1 : 0;
        }
        all_proven = all_proven && proven == 24;
        std::printf("%llu,%zu,%d,%d,%.4f,%.4f\n", static_cast<unsigned long long>(seed), steps.size(), proven, moves,
                    planned - begin, days.back());
        std::fflush(stdout);
    }
    std::sort(days.begin(), days.end());
    std::printf("# median of a day: %.3f s of CPU time; %zu layers, %zu nodes, 24 re-plans\n", days[days.size() / 2],
                layers, nodes);
    return all_proven ? 0 : 1;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    const auto number = [&](int index, long otherwise) {
        return static_cast<std::size_t>(argc > index ? std::atol(argv[index]) : otherwise);
    };
    return carbonedge::run(number(1, 200), number(2, 20), number(3, 5));
}
