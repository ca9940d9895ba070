#include "lib/tradeoff/sweep_description.h"

#include "lib/cluster/intensity_notes.h"
#include "lib/planner/policies.h"
#include "lib/tradeoff/plain_numbers.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace carbonedge {
namespace {

constexpr std::string_view kModes[] = {"performance", "balanced", "green"};
constexpr std::string_view kVariants[] = {"paper", "si", "minmax"};

std::string weight_text(double weight) { return fmt::format("{:.4f}", weight); }

Table exact_table(const PlanningProblem& problem, const WeightSweep& sweep) {
    Table table{"exact", "The exact planner over the weight of carbon", {}, {}, {}};
    table.columns = {{"weight_from", "weight from", Unit::kNumber, "weight", false},
                     {"weight_to", "to", Unit::kNumber, "weight", false},
                     {"latency", "latency", Unit::kTime, "", false},
                     {"carbon", "carbon", Unit::kCarbon, "", false},
                     {"price_ms_per_gco2e", "next: ms per g", Unit::kNumber, "", false},
                     {"nodes", "nodes", Unit::kCount, "", false},
                     {"placement", "placement", Unit::kText, "", false}};
    for (const WeightSegment& segment : sweep.segments) {
        TableRow row(table);
        row.set("weight_from", segment.from)
            .set("weight_to", segment.to)
            .set("latency", to_nanoseconds(Seconds(segment.latency_seconds)))
            .set("carbon", GramsCo2e(segment.grams))
            .set("nodes", static_cast<std::int64_t>(segment.placement.size()))
            .set("placement", placement_text(problem.cluster, segment.placement));
        if (segment.to < 1) row.set("price_ms_per_gco2e", 1e3 * segment.seconds_per_gram);
        row.add();
    }
    return table;
}

Table selection_table(const Plan& selection, const std::vector<SelectionWalk>& walks) {
    Table table{"selection", "Node selection over its carbon weight, idle nodes", {}, {}, {}};
    table.columns = {{"variant", "variant", Unit::kText, "", false},
                     {"mode", "other weights of", Unit::kText, "", false},
                     {"weight_from", "weight from", Unit::kNumber, "weight", false},
                     {"weight_to", "to", Unit::kNumber, "weight", false},
                     {"node", "node", Unit::kText, "", false},
                     {"latency", "latency", Unit::kTime, "", false},
                     {"carbon", "carbon", Unit::kCarbon, "", false}};
    for (const SelectionWalk& walk : walks) {
        for (const SelectionSegment& segment : walk.segments) {
            const Pipeline& pipeline = selection.pipelines[segment.candidate];
            TableRow(table)
                .set("variant", walk.variant)
                .set("mode", walk.mode)
                .set("weight_from", segment.from)
                .set("weight_to", segment.to)
                .set("node", pipeline.stages.front().node)
                .set("latency", pipeline.predicted.latency_mean)
                .set("carbon", pipeline.predicted.parts.grams())
                .add();
        }
    }
    return table;
}

std::string exact_sentence(const WeightSweep& sweep) {
    if (sweep.segments.size() == 1) return "The exact planner takes one plan at every weight of carbon.";
    std::vector<std::string> weights;
    for (std::size_t i = 1; i < sweep.segments.size(); ++i) weights.push_back(weight_text(sweep.segments[i].from));
    const WeightSegment& fast = sweep.segments.front();
    const WeightSegment& clean = sweep.segments.back();
    std::string listed;
    const std::size_t shown = std::min<std::size_t>(weights.size(), 6);
    for (std::size_t i = 0; i < shown; ++i) listed += (i == 0 ? "" : ", ") + weights[i];
    if (shown < weights.size()) listed += ", ...";
    return fmt::format("The exact planner switches {} at {} {}: from {} and {} CO2e to {} and {} CO2e.",
                       weights.size() == 1 ? "once" : fmt::format("{} times", weights.size()),
                       weights.size() == 1 ? "weight" : "weights", listed, duration_text(Seconds(fast.latency_seconds)),
                       mass_text(GramsCo2e(fast.grams)), duration_text(Seconds(clean.latency_seconds)),
                       mass_text(GramsCo2e(clean.grams)));
}

std::string selection_sentence(const std::optional<Plan>& selection, const std::vector<SelectionWalk>& walks) {
    if (!selection) return "Node selection has no choice: no node holds the whole model.";
    std::string text = "Node selection, whole models only, with the other weights of green:";
    for (const SelectionWalk& walk : walks) {
        if (walk.mode != "green" || walk.segments.empty()) continue;
        text += fmt::format(" {} takes {}", walk.variant,
                            selection->pipelines[walk.segments.front().candidate].stages.front().node);
        for (std::size_t i = 1; i < walk.segments.size(); ++i) {
            text += fmt::format(", {} from {}", selection->pipelines[walk.segments[i].candidate].stages.front().node,
                                weight_text(walk.segments[i].from));
        }
        text += walk.variant == "minmax" ? "." : ";";
    }
    return text;
}

FactList facts_of(const WeightSweep& sweep) {
    FactList facts{"summary", "The sweep", {}};
    facts.add("switches", "switches of the exact planner", Unit::kCount,
              static_cast<std::int64_t>(sweep.segments.size()) - 1);
    facts.add("proven", "proven", Unit::kText, std::string(sweep.proven ? "yes" : "no"));
    facts.add("carbon_reference", "least carbon of one node", Unit::kCarbon, GramsCo2e(sweep.references.carbon_grams));
    facts.add("latency_reference", "least latency of one node", Unit::kTime,
              to_nanoseconds(Seconds(sweep.references.latency_seconds)));
    return facts;
}

}  // namespace

std::pair<std::optional<Plan>, std::vector<SelectionWalk>> walk_selection(const PlanningProblem& problem) {
    PlanningProblem free = problem;
    free.objective = Objective::kNone;
    free.given_cuts.reset();
    std::vector<SelectionWalk> walks;
    const Policy policy{Policy::Kind::kNodeSelection, "", "green", "minmax", 1};
    PlanOrInfeasibility outcome = propose_plan(free, policy, "node-selection");
    if (std::holds_alternative<Infeasibility>(outcome)) return {std::nullopt, walks};
    Plan plan = std::get<Plan>(std::move(outcome));
    const SelectionCandidates candidates = selection_candidates(plan);
    for (const std::string_view variant : kVariants) {
        for (const std::string_view mode : kModes) {
            walks.push_back({std::string(mode), std::string(variant),
                             sweep_selection(candidates, parse_score_mode(mode), parse_score_variant(variant))});
        }
    }
    return {std::move(plan), std::move(walks)};
}

Document describe_sweep(const PlanningProblem& problem, const WeightSweep& sweep, const std::optional<Plan>& selection,
                        const std::vector<SelectionWalk>& walks) {
    const std::string model = problem.profiles.front().model_name;
    Document document{
        "sweep", fmt::format("{} on {}: the weight of carbon", model, cluster_text(problem.cluster)), {}, {}, {}};
    document.opening = {exact_sentence(sweep), selection_sentence(selection, walks),
                        sweep.proven
                            ? "The exact switches are proven: they are the ties of neighbouring corners of the "
                              "hull of all plans."
                            : "Not proven: a search was cut off, so a corner may be missing."};
    document.sections.emplace_back(facts_of(sweep));
    document.sections.emplace_back(exact_table(problem, sweep));
    if (selection) document.sections.emplace_back(selection_table(*selection, walks));
    for (const std::string& note : carbon_notes(problem.cluster)) document.notes.push_back(note);
    document.notes.push_back(fmt::format("idle policy {}", idle_policy_name(problem.cluster.idle_policy)));
    return document;
}

}  // namespace carbonedge
