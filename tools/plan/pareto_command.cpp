#include "tools/plan/pareto_command.h"

#include "lib/base/atomic_file.h"
#include "lib/partition/plan_file.h"
#include "lib/tradeoff/front_description.h"
#include "lib/verify/verify.h"
#include "tools/cli/rendering.h"
#include "tools/plan/infeasible.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <cmath>
#include <filesystem>
#include <ostream>
#include <stdexcept>

namespace carbonedge {
namespace {

/// Recomputes every point with code that shares nothing with the search.
void hold_points(const PlanningProblem& problem, const ParetoFront& front) {
    const Plan frame = plan_of_point(problem, front, front.points.back(), "front");
    const Recomputer recomputer(frame);
    for (const FrontPoint& point : front.points) {
        std::vector<NamedStage> stages;
        for (const PlacedStage& placed : point.placement) {
            stages.push_back({placed.layers, problem.cluster.nodes[placed.node].name});
        }
        const RecomputedPipeline pipeline = recomputer.pipeline(stages);
        const double cost = recomputer.value(pipeline);
        const double latency = pipeline.mean().count();
        if (std::abs(cost - point.cost) > 1e-9 * cost || std::abs(latency - point.latency_seconds) > 1e-9 * latency) {
            throw std::logic_error("a point of the front fails its verification");
        }
    }
}

Plan verified_plan(const PlanningProblem& problem, const ParetoFront& front, const FrontPoint& point,
                   const std::string& name) {
    Plan plan = plan_of_point(problem, front, point, name);
    const Verification verification = verify_plan(plan);
    if (!verification.passed()) {
        throw std::logic_error("the plan fails its verification: " + verification.breaches.front());
    }
    return plan;
}

void write_plans(const ParetoOptions& options, const PlanningProblem& problem, const ParetoFront& front,
                 std::ostream& out) {
    std::error_code failed;
    std::filesystem::create_directories(options.plans, failed);
    if (failed) {
        throw EnvironmentError(fmt::format("cannot make the folder {}: {}", options.plans, failed.message()), "");
    }
    for (std::size_t i = 0; i < front.points.size(); ++i) {
        const std::string name = fmt::format("point-{}", i + 1);
        const Plan plan = verified_plan(problem, front, front.points[i], name);
        const std::string path = (std::filesystem::path(options.plans) / (name + ".plan.json")).string();
        write_output(path, options.standard.overwrite, write_plan(plan), out);
    }
}

}  // namespace

ExitStatus pareto_command(const ParetoOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_output(options.standard.output, options.standard.overwrite);
    FrontRequest request;
    request.caps.out_of_time = deadline_of(options.problem);
    if (options.problem.work_limit) request.caps.states = *options.problem.work_limit;
    const PlanningProblem problem = read_planning_problem(options.problem, in);
    request.throughput = options.throughput;
    const FrontOrInfeasibility found = pareto_front(problem, request);
    if (const auto* infeasibility = std::get_if<Infeasibility>(&found)) {
        return tell_infeasible(*infeasibility, true, err);
    }
    const auto& front = std::get<ParetoFront>(found);
    hold_points(problem, front);
    if (!options.plans.empty()) write_plans(options, problem, front, out);
    Document document = describe_front(problem, front);
    if (!options.table && (options.standard.format == "text" || options.standard.format == "markdown")) {
        std::erase_if(document.sections, [](const Section& section) { return section_name(section) == "curve"; });
    }
    write_output(options.standard.output, options.standard.overwrite,
                 render_document(std::move(document), options.standard, options.table, options.width), out);
    return front.proven ? ExitStatus::kOk : ExitStatus::kInconclusive;
}

}  // namespace carbonedge
