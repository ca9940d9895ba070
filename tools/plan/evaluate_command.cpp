#include "tools/plan/evaluate_command.h"

#include "lib/base/atomic_file.h"
#include "lib/partition/plan_file.h"
#include "lib/units/text.h"
#include "lib/verify/structure.h"
#include "lib/verify/verify.h"

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

/// The plan with nothing but this pipeline in it, for the structural checks.
Plan with_pipeline(Plan plan, const std::vector<NamedStage>& stages) {
    Pipeline pipeline;
    std::string from(kGateway);
    for (const NamedStage& stage : stages) {
        pipeline.stages.emplace_back();
        pipeline.stages.back().layers = stage.layers;
        pipeline.stages.back().node = stage.node;
        pipeline.transfers.emplace_back();
        pipeline.transfers.back().from = from;
        pipeline.transfers.back().to = stage.node;
        from = stage.node;
    }
    pipeline.transfers.emplace_back();
    pipeline.transfers.back().from = from;
    pipeline.transfers.back().to = kGateway;
    plan.pipelines = {pipeline};
    plan.routing = {};
    return plan;
}

}  // namespace

ExitStatus evaluate_command(const PlanOptions& options, std::istream& in, std::ostream& out) {
    const std::vector<NamedStage> stages = parse_pipeline(options.pipeline);
    const Plan plan = with_pipeline(
        read_plan(read_input(options.input, in), options.input == "-" ? "standard input" : options.input), stages);
    const std::vector<std::string> breaches = structure_breaches(plan);
    if (!breaches.empty()) throw UsageError("--pipeline: " + breaches.front());
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
