#include "tools/plan/evaluate_command.h"

#include "lib/base/atomic_file.h"
#include "lib/exchange/pipeedge_schedule.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/exact_planner.h"
#include "lib/planner/search_graph.h"
#include "lib/units/text.h"
#include "lib/verify/evaluation.h"
#include "lib/verify/structure.h"
#include "lib/verify/verify.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <charconv>

namespace carbonedge {
namespace {

[[noreturn]] void refuse(const std::string& part) {
    throw UsageError(fmt::format("--pipeline: '{}' is not of the form NODE:FIRST-LAST such as high:0-12", part));
}

std::size_t layer_number(std::string_view digits, const std::string& part) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc() || end != digits.data() + digits.size() || digits.empty()) refuse(part);
    return value;
}

std::vector<NamedStage> parse_pipeline(const std::string& text) {
    std::vector<NamedStage> stages;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        const std::string part = text.substr(begin, comma - begin);
        const std::size_t colon = part.rfind(':');
        const std::size_t dash = part.rfind('-');
        if (colon == std::string::npos || dash == std::string::npos || dash < colon) refuse(part);
        const std::string_view view = part;
        const std::size_t first = layer_number(view.substr(colon + 1, dash - colon - 1), part);
        stages.push_back({{first, layer_number(view.substr(dash + 1), part) + 1}, part.substr(0, colon)});
        begin = comma + 1;
    }
    return stages;
}

/// The problem that a foreign plan is one of: least bottleneck where nothing else is asked for.
Plan read_problem(const EvaluateOptions& options, std::istream& in) {
    const PlanningProblem problem = read_planning_problem(options, in);
    check_problem(problem);
    const CostTable table(problem);
    ScoreReferences references;
    if (problem.objective == Objective::kScore) references = score_references(problem, table);
    Plan plan = plan_frame(problem, "foreign", references);
    if (!options.objective) plan.objective = Objective::kBottleneck;
    return plan;
}

struct Subject {
    Plan plan;
    std::vector<NamedStage> stages;
};

Subject read_subject(const EvaluateOptions& options, std::istream& in) {
    Subject subject;
    const std::string name = options.subject == "-" ? "standard input" : options.subject;
    if (options.from.empty()) {
        subject.stages = parse_pipeline(options.pipeline);
        subject.plan = read_plan(read_input(options.subject, in), name);
    } else {
        for (const ForeignStage& stage : read_pipeedge_schedule(read_input(options.subject, in), name)) {
            subject.stages.push_back({stage.layers, stage.node});
        }
        subject.plan = read_problem(options, in);
    }
    std::vector<PlannedStage> stages;
    for (const NamedStage& stage : subject.stages) {
        stages.emplace_back();
        stages.back().layers = stage.layers;
        stages.back().node = stage.node;
    }
    if (stages.empty()) return subject;
    subject.plan = with_pipeline(std::move(subject.plan), stages);
    const std::vector<std::string> breaches = structure_breaches(subject.plan);
    if (!breaches.empty() && options.from.empty()) throw UsageError("--pipeline: " + breaches.front());
    if (!breaches.empty()) throw InputError(name, 0, breaches.front());
    return subject;
}

}  // namespace

ExitStatus evaluate_command(const EvaluateOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    const auto [plan, stages] = read_subject(options, in);
    if (stages.empty()) {
        err << "carbonedge-plan: " << options.subject << ": an empty schedule: its planner found no plan\n";
        return ExitStatus::kNegativeVerdict;
    }
    const Recomputer recomputer(plan);
    const RecomputedPipeline pipeline = recomputer.pipeline(stages);
    const std::vector<std::string> broken = broken_limits(plan, stages, pipeline);
    std::string text = fmt::format("{} {}\n", objective_name(plan.objective), number_text(recomputer.value(pipeline)));
    text += fmt::format("carbon_gco2e {}\n", number_text(pipeline.parts.grams().value()));
    text += fmt::format("energy_joules {}\n", number_text(pipeline.parts.joules().value()));
    text += fmt::format("latency_seconds {}\n", number_text(pipeline.mean().count()));
    text += fmt::format("bottleneck_seconds {}\n", number_text(pipeline.slowest.count()));
    for (const std::string& limit : broken) text += "breaks " + limit + "\n";
    write_output(options.standard.output, options.standard.overwrite, text, out);
    return broken.empty() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
