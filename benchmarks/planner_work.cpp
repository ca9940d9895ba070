// A fixed amount of planning, for benchmarks/instruction_counts: only what happens within carbonedge_planner_core() is
// counted. Prints what was found, so that a change of the answer is not mistaken for a change of the effort.
#include "benchmarks/planner_instances.h"
#include "lib/planner/planner_state.h"
#include "lib/planner/solve.h"

#include <fmt/format.h>
#include <vector>

namespace {

struct Found {
    double value = 0;
    double labels = 0;
};

}  // namespace

/// Under a name that callgrind can be told.
extern "C" __attribute__((noinline)) void carbonedge_planner_core(
    const std::vector<carbonedge::PlanningProblem>& problems, std::vector<Found>& found) {
    for (const carbonedge::PlanningProblem& problem : problems) {
        const carbonedge::Solution solution = carbonedge::solve(problem);
        found.push_back({solution.search.value, solution.search.counters.at("labels kept")});
    }
}

int main() {
    using namespace carbonedge;
    std::vector<PlanningProblem> problems;
    for (const Objective objective : {Objective::kCarbon, Objective::kEnergy, Objective::kLatency, Objective::kScore}) {
        for (const bool throttled : {false, true}) {
            for (const std::uint64_t seed : {1U, 2U}) {
                InstanceShape shape;
                shape.layers = 60;
                shape.nodes = 6;
                shape.throttled = throttled;
                problems.push_back(planning_instance(shape, objective, seed));
            }
        }
    }
    InstanceShape many;
    many.layers = 60;
    many.nodes = 24;
    many.kinds = 4;
    problems.push_back(planning_instance(many, Objective::kCarbon, 1));
    std::vector<Found> found;
    carbonedge_planner_core(problems, found);
    for (const Found& one : found) fmt::print("{:.9g} {:.0f}\n", one.value, one.labels);
    return 0;
}
