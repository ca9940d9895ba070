#include "tools/plan/comparison_table.h"

#include "lib/planner/limit_analysis.h"
#include "lib/units/text.h"

#include "lib/cluster/intensity_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace carbonedge {
namespace {

std::string proof_text(const ComparedPlan& exact) {
    if (!exact.plan) return exact.without;
    const Certificate& certificate = exact.plan->certificate;
    if (certificate.proven_optimal) return fmt::format("proven best ({})", certificate.method);
    return fmt::format("within {:.2f} % of a proven bound ({})", 100 * certificate.gap.value_or(1), certificate.method);
}

FactList facts_of(const PlanningProblem& problem, const ComparedPlan& exact) {
    FactList facts{"comparison", "Compared", {}};
    const Profile& reference = problem.profiles.front();
    facts.add("model", "model", Unit::kText, reference.model_name);
    facts.add("layers", "layers", Unit::kCount, static_cast<std::int64_t>(reference.layers.size()));
    facts.add("cluster", "cluster", Unit::kText, problem.cluster.name);
    facts.add("cluster_nodes", "nodes", Unit::kCount, static_cast<std::int64_t>(problem.cluster.nodes.size()));
    facts.add("objective", "minimised", Unit::kText, std::string(objective_name(problem.objective)));
    std::vector<std::string> limits;
    for (const NamedLimit& limit : limits_of(problem)) limits.push_back(limit.text);
    facts.add("limits", "limits", Unit::kText, fmt::format("{}", fmt::join(limits, ", ")));
    facts.add("exact", "exact plan", Unit::kText, proof_text(exact));
    return facts;
}

Table empty_table() {
    Table table{"policies", "Policies", {}, {}, {}};
    table.columns = {
        {"policy", "policy", Unit::kText, "", false},   {"feasible", "feasible", Unit::kText, "", false},
        {"ratio", "ratio", Unit::kNumber, "", false},   {"carbon", "carbon", Unit::kCarbon, "", false},
        {"energy", "energy", Unit::kEnergy, "", false}, {"latency_mean", "mean latency", Unit::kTime, "", false},
        {"latency_p95", "p95", Unit::kTime, "", false}, {"bottleneck", "bottleneck", Unit::kTime, "", false},
        {"nodes", "nodes", Unit::kCount, "", false},    {"breaks", "breaks", Unit::kText, "", false},
        {"stages", "stages", Unit::kText, "", false}};
    return table;
}

void add_row(Table& table, const ComparedPlan& compared, const ComparedPlan& exact) {
    TableRow row(table);
    row.set("policy", compared.policy).set("feasible", std::string(compared.feasible() ? "yes" : "no"));
    if (!compared.plan) {
        row.set("breaks", "no plan: " + compared.without).add();
        return;
    }
    const Evaluation& evaluation = *compared.evaluation;
    if (compared.feasible() && exact.feasible()) {
        const double best = exact.evaluation->value;
        row.set("ratio", best > 0 ? evaluation.value / best : 1.0);
    }
    row.set("carbon", evaluation.parts.grams())
        .set("energy", evaluation.parts.joules())
        .set("latency_mean", to_nanoseconds(evaluation.latency_mean))
        .set("latency_p95", to_nanoseconds(evaluation.latency_p95))
        .set("bottleneck", to_nanoseconds(evaluation.bottleneck))
        .set("nodes", static_cast<std::int64_t>(evaluation.nodes))
        .set("stages", stages_text(*compared.plan));
    if (!evaluation.broken_limits.empty()) {
        row.set("breaks", fmt::format("{}", fmt::join(evaluation.broken_limits, ", ")));
    }
    row.add();
}

}  // namespace

std::string stages_text(const Plan& plan) {
    std::string text;
    for (const Pipeline& pipeline : plan.pipelines) {
        if (pipeline.share <= 0) continue;
        std::string separator = text.empty() ? "" : " ";
        for (const PlannedStage& stage : pipeline.stages) {
            text += fmt::format("{}{}:{}-{}", separator, stage.node, stage.layers.first, stage.layers.end - 1);
            separator = ",";
        }
    }
    return text;
}

Document comparison_document(const PlanningProblem& problem, const std::vector<ComparedPlan>& plans) {
    const ComparedPlan& exact = plans.front();
    Table table = empty_table();
    bool routed = false;
    for (const ComparedPlan& compared : plans) {
        add_row(table, compared, exact);
        routed = routed || (compared.routed && compared.feasible());
    }
    for (const std::string& note : carbon_notes(problem.cluster)) table.notes.push_back(note);
    table.notes.push_back(fmt::format("ratio: {} by that of the exact plan", objective_name(problem.objective)));
    if (routed) {
        table.notes.emplace_back(
            "round robin and node selection spread requests over several pipelines: such a mixture may have a ratio "
            "below 1, "
            "the exact plan is the best single pipeline");
    }
    Document document{"plan-comparison", "Policies beside the exact plan", {}, {}};
    document.sections = {facts_of(problem, exact), std::move(table)};
    return document;
}

}  // namespace carbonedge
