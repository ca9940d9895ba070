#include "tools/plan/summary.h"

#include "lib/cluster/intensity_notes.h"
#include "lib/partition/transport_energy.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>

namespace carbonedge {
namespace {

std::string time_text(Nanoseconds time) { return duration_text(to_seconds(time)); }

std::string value_text(Objective objective, double value) {
    switch (objective) {
        case Objective::kCarbon:
            return mass_text(GramsCo2e(value));
        case Objective::kEnergy:
            return energy_text(Joules(value));
        case Objective::kLatency:
        case Objective::kBottleneck:
            return duration_text(Seconds(value));
        case Objective::kScore:
        case Objective::kNone:
            return fmt::format("{:.4g}", value);
    }
    return "";
}

std::string goal_text(const Plan& plan) {
    if (plan.objective == Objective::kNone) return "";
    return fmt::format(", {} {}", plan.certificate.method == "policy" ? "counting" : "minimising",
                       objective_name(plan.objective));
}

void add_pipeline(const Pipeline& pipeline, std::string& text) {
    text += fmt::format("  {:>6} {:>6}  {:<16} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "first", "last", "node", "busy", "cpu",
                        "memory", "input", "carbon");
    for (const PlannedStage& stage : pipeline.stages) {
        text += fmt::format("  {:>6} {:>6}  {:<16} {:>9} {:>9} {:>9} {:>9} {:>9}\n", stage.layers.first,
                            stage.layers.end - 1, stage.node, time_text(stage.busy), time_text(stage.cpu),
                            bytes_text(stage.memory), bytes_text(stage.input_bytes), mass_text(stage.parts.grams()));
    }
}

std::string parts_text(const CarbonParts& parts) {
    return fmt::format("compute {}, transport {}, links {}, idle {}, embodied {}", mass_text(parts.compute_grams),
                       mass_text(parts.transport_cpu_grams), mass_text(parts.link_grams), mass_text(parts.idle_grams),
                       mass_text(parts.embodied_grams));
}

std::string certificate_text(const Plan& plan) {
    const Certificate& certificate = plan.certificate;
    const std::string value = value_text(plan.objective, certificate.value);
    if (!certificate.lower_bound) return fmt::format("{}, no claim to be the best", value);
    if (certificate.proven_optimal) return fmt::format("{}, proven least ({})", value, certificate.method);
    return fmt::format("{}, at least {} by proof: gap {:.2f} % ({})", value,
                       value_text(plan.objective, *certificate.lower_bound), 100 * certificate.gap.value_or(0),
                       certificate.method);
}

}  // namespace

std::string plan_summary(const Plan& plan) {
    std::string text = fmt::format("plan {}{}", plan.name, goal_text(plan));
    if (plan.pipelines.size() > 1) {
        text += fmt::format(", {} pipelines by {}{}{}", plan.pipelines.size(), plan.routing.policy,
                            plan.routing.mode.empty() ? "" : " " + plan.routing.mode,
                            plan.routing.variant.empty() ? "" : " " + plan.routing.variant);
    }
    text += "\n";
    for (const Pipeline& pipeline : plan.pipelines) {
        if (plan.pipelines.size() > 1) text += fmt::format("  {:.1f} % of the requests:\n", 100 * pipeline.share);
        add_pipeline(pipeline, text);
    }
    const Prediction& predicted = plan.predicted;
    text += fmt::format("  latency  mean {}, median {}, p95 {}\n", time_text(predicted.latency_mean),
                        time_text(predicted.latency_p50), time_text(predicted.latency_p95));
    text += fmt::format("  rate     {:.4g}/s one at a time, {:.4g}/s pipelined\n", predicted.throughput_per_second,
                        predicted.pipeline_throughput_per_second);
    const std::string band = predicted.uncertainty > Joules(0) ? " +- " + energy_text(predicted.uncertainty) : "";
    text += fmt::format("  energy   {}{} (estimated)\n", energy_text(predicted.parts.joules()), band);
    text += fmt::format("  carbon   {}: {}\n", mass_text(predicted.parts.grams()), parts_text(predicted.parts));
    if (plan.objective != Objective::kNone) text += fmt::format("  value    {}\n", certificate_text(plan));
    if (plan.certificate.method != "policy") {
        text += fmt::format("  binding  {}\n",
                            plan.binding.empty() ? "nothing" : fmt::format("{}", fmt::join(plan.binding, ", ")));
    }
    for (const std::string& note : plan.notes) text += fmt::format("  note     {}\n", note);
    for (const std::string& note : intensity_notes(plan.cluster)) text += fmt::format("  note     {}\n", note);
    for (const std::string& note : transport_notes(plan)) text += fmt::format("  note     {}\n", note);
    return text;
}

}  // namespace carbonedge
