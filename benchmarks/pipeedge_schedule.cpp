// Does what PipeEdge's sched-pipeline does, from the same three files to the same kind of schedule, so that the two
// processes can be timed against each other (benchmarks/pipeedge_planner):
//   pipeedge_schedule MODELS DEVICE_TYPES DEVICES MODEL [BATCH]
// Standard error gets the CPU seconds of planning alone, the bottleneck and the proven bound as JSON. Ends with 1 where
// there is no plan.

#include "lib/exchange/pipeedge_schedule.h"
#include "lib/base/errors.h"
#include "lib/exchange/pipeedge_problem.h"
#include "lib/planner/solve.h"

#include <fmt/format.h>
#include <time.h>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace carbonedge;

NamedText read_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return {text.str(), path};
}

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

int schedule(int argc, char** argv) {
    PipeEdgeRequest request;
    request.model = argv[4];
    if (argc > 5) request.batch = std::stoll(argv[5]);
    const ForeignProblem foreign =
        read_pipeedge_problem(read_text(argv[1]), read_text(argv[2]), read_text(argv[3]), request, {});
    PlanningProblem problem;
    problem.cluster = foreign.cluster;
    problem.profiles = foreign.profiles;
    problem.node_profile = foreign.node_profile;
    problem.objective = Objective::kBottleneck;
    const double before = cpu_seconds();
    const Solution solution = solve(problem);
    const double planning = cpu_seconds() - before;
    Pipeline pipeline;
    for (const PlacedStage& placed : solution.placement) {
        pipeline.stages.emplace_back();
        pipeline.stages.back().node = problem.cluster.nodes[placed.node].name;
        pipeline.stages.back().layers = placed.layers;
    }
    std::cout << (pipeline.stages.empty() ? "[]\n" : write_pipeedge_schedule(pipeline));
    std::cerr
        << fmt::format(
               R"({{"planning_cpu_seconds": {:.9f}, "bottleneck_seconds": {:.9f}, "bound_seconds": {:.9f}, "method": "{}"}})",
               planning, solution.search.value, solution.search.lower_bound, solution.method)
        << "\n";
    return pipeline.stages.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::cerr << "usage: pipeedge_schedule MODELS DEVICE_TYPES DEVICES MODEL [BATCH]\n";
        return 2;
    }
    try {
        return schedule(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "pipeedge_schedule: " << error.what() << "\n";
        return 4;
    }
}
