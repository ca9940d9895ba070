#include "tools/plan/evaluate_command.h"

#include "lib/base/atomic_file.h"
#include "lib/exchange/pipeedge_schedule.h"
#include "lib/exchange/stage_list.h"
#include "lib/partition/plan_file.h"
#include "lib/planner/exact_planner.h"
#include "lib/planner/search_graph.h"
#include "lib/units/text.h"
#include "lib/verify/evaluation.h"
#include "lib/verify/structure.h"
#include "tools/plan/inputs.h"

#include <fmt/format.h>
#include <charconv>
#include <ostream>

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

std::vector<PlannedStage> parse_pipeline(const std::string& text) {
    std::vector<PlannedStage> stages;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        const std::string part = text.substr(begin, comma - begin);
        const std::size_t colon = part.rfind(':');
        const std::size_t dash = part.rfind('-');
        if (colon == std::string::npos || dash == std::string::npos || dash < colon) refuse(part);
        const std::string_view view = part;
        const std::size_t first = layer_number(view.substr(colon + 1, dash - colon - 1), part);
        stages.emplace_back();
        stages.back().layers = {first, layer_number(view.substr(dash + 1), part) + 1};
        stages.back().node = part.substr(0, colon);
        begin = comma + 1;
    }
    return stages;
}

/// The problem that a foreign plan is one of. PipeEdge's are of least bottleneck where nothing else is asked for.
Plan read_problem(const EvaluateOptions& options, const std::string& name, std::istream& in) {
    PlanningProblem problem = read_planning_problem(options, in);
    if (!options.objective && options.from == "pipeedge") problem.objective = Objective::kBottleneck;
    check_problem(problem);
    const CostTable table(problem);
    ScoreReferences references;
    if (problem.objective == Objective::kScore) references = score_references(problem, table);
    return plan_frame(problem, name, references);
}

std::vector<PlannedStage> planned(const std::vector<ForeignStage>& foreign) {
    std::vector<PlannedStage> stages;
    for (const ForeignStage& stage : foreign) {
        stages.emplace_back();
        stages.back().layers = stage.layers;
        stages.back().node = stage.node;
    }
    return stages;
}

/// A plan of ours, with the user's pipeline in the place of its own where one is given.
Plan read_own_plan(const EvaluateOptions& options, const std::string& name, std::istream& in) {
    Plan plan = read_plan(read_input(options.subject, in), name);
    if (options.pipeline.empty()) return plan;
    plan = with_pipeline(std::move(plan), parse_pipeline(options.pipeline));
    const std::vector<std::string> breaches = structure_breaches(plan);
    if (!breaches.empty()) throw UsageError("--pipeline: " + breaches.front());
    return plan;
}

/// Without a pipeline where the foreign planner found no plan.
Plan read_foreign_plan(const EvaluateOptions& options, const std::string& name, std::istream& in) {
    const std::string text = read_input(options.subject, in);
    Plan plan = read_problem(options, name, in);
    const std::vector<PlannedStage> stages =
        planned(options.from == "csv" ? read_stage_list(text, name, plan.profiles.front())
                                      : read_pipeedge_schedule(text, name));
    return stages.empty() ? plan : with_pipeline(std::move(plan), stages);
}

std::string evaluation_text(const Plan& plan, const Evaluation& evaluation) {
    std::string text = fmt::format("{} {}\n", objective_name(plan.objective), number_text(evaluation.value));
    text += fmt::format("carbon_gco2e {}\n", number_text(evaluation.parts.grams().value()));
    text += fmt::format("energy_joules {}\n", number_text(evaluation.parts.joules().value()));
    text += fmt::format("latency_seconds {}\n", number_text(evaluation.latency.count()));
    text += fmt::format("latency_mean_seconds {}\n", number_text(evaluation.latency_mean.count()));
    text += fmt::format("latency_p95_seconds {}\n", number_text(evaluation.latency_p95.count()));
    text += fmt::format("bottleneck_seconds {}\n", number_text(evaluation.bottleneck.count()));
    text += fmt::format("nodes {}\n", evaluation.nodes);
    for (const std::string& limit : evaluation.broken_limits) text += "breaks " + limit + "\n";
    return text;
}

}  // namespace

ExitStatus evaluate_command(const EvaluateOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    const std::string name = options.subject == "-" ? "standard input" : options.subject;
    const Plan plan = options.from.empty() ? read_own_plan(options, name, in) : read_foreign_plan(options, name, in);
    if (plan.pipelines.empty() && !options.from.empty()) {
        err << "carbonedge-plan: " << name << ": an empty schedule: its planner found no plan\n";
        return ExitStatus::kNegativeVerdict;
    }
    const Evaluation evaluation = evaluate_plan(plan);
    write_output(options.standard.output, options.standard.overwrite, evaluation_text(plan, evaluation), out);
    return evaluation.broken_limits.empty() ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace carbonedge
