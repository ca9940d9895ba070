#include "lib/report/descriptions.h"
#include "lib/report/ledgers.h"
#include "lib/report/objective_cell.h"
#include "lib/report/opening.h"
#include "lib/report/sections.h"
#include "lib/report/single_subject.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace carbonedge {
namespace {

std::string limits_text(const Limits& limits) {
    std::vector<std::string> parts;
    if (limits.latency_mean) parts.push_back("mean latency <= " + exact_duration(*limits.latency_mean));
    if (limits.latency_p95) parts.push_back("p95 latency <= " + exact_duration(*limits.latency_p95));
    if (limits.throughput_per_second)
        parts.push_back(fmt::format("throughput >= {:g}/s", *limits.throughput_per_second));
    if (limits.max_nodes) parts.push_back(fmt::format("at most {} nodes", *limits.max_nodes));
    for (const auto& [layer, node] : limits.pinned) parts.push_back(fmt::format("{} on {}", layer, node));
    for (const auto& [layer, node] : limits.forbidden) parts.push_back(fmt::format("{} not on {}", layer, node));
    return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

FactList prediction_facts(const Subject& subject) {
    const Plan& plan = subject.plan;
    const Prediction& predicted = plan.predicted;
    FactList facts{"prediction", "Prediction, one inference", {}};
    facts.add("plan", "plan", Unit::kText, subject.name);
    facts.add("nodes", "nodes", Unit::kText, nodes_text(subject));
    facts.add("routing", "routing", Unit::kText,
              fmt::format("{}{}{}", plan.routing.policy, plan.routing.mode.empty() ? "" : " " + plan.routing.mode,
                          plan.routing.variant.empty() ? "" : " " + plan.routing.variant));
    facts.add("latency_mean", "mean latency", Unit::kTime, predicted.latency_mean);
    facts.add("latency_median", "median latency", Unit::kTime, predicted.latency_p50);
    facts.add("latency_p95", "p95 latency", Unit::kTime, predicted.latency_p95);
    facts.add("throughput", "throughput, one in flight", Unit::kPerSecond, predicted.throughput_per_second);
    facts.add("pipeline_throughput", "throughput, pipelined", Unit::kPerSecond,
              predicted.pipeline_throughput_per_second);
    facts.add("energy", "energy", Unit::kEnergy, predicted.parts.joules());
    facts.add("energy_uncertainty", "energy +-", Unit::kEnergy, predicted.uncertainty);
    facts.add("provenance", "joules are", Unit::kText, std::string(provenance_name(predicted.provenance)));
    facts.add("idle_policy", "idle policy", Unit::kText, std::string(idle_policy_name(plan.cluster.idle_policy)));
    facts.add("carbon", "carbon", Unit::kCarbon, predicted.parts.grams());
    return facts;
}

FactList proof_facts(const Plan& plan) {
    const Certificate& certificate = plan.certificate;
    FactList facts{"proof", "What is proven", {}};
    facts.add("objective", "minimises", Unit::kText, std::string(objective_name(plan.objective)));
    facts.add("limits", "limits", Unit::kText, limits_text(plan.limits));
    facts.add("method", "method", Unit::kText, certificate.method);
    facts.add("proven_optimal", "optimal", Unit::kText,
              std::string(certificate.proven_optimal ? "yes, proven" : "no claim"));
    const Unit unit = unit_of(plan.objective);
    if (plan.objective != Objective::kNone) {
        facts.add("value", "value", unit, cell_of(plan.objective, certificate.value));
        if (certificate.lower_bound) {
            facts.add("lower_bound", "lower bound", unit, cell_of(plan.objective, *certificate.lower_bound));
        }
        if (certificate.gap) facts.add("gap", "gap", Unit::kPercent, *certificate.gap * 100);
    }
    facts.add("binding", "binds", Unit::kText,
              plan.binding.empty() ? std::string("nothing") : fmt::format("{}", fmt::join(plan.binding, ", ")));
    return facts;
}

Table transfer_table(const Plan& plan) {
    Table table{"transfers", "Transfers", {}, {}, {}};
    table.columns = {{"pipeline", "pipeline", Unit::kCount, "", false},
                     {"from", "from", Unit::kText, "", false},
                     {"to", "to", Unit::kText, "", false},
                     {"size", "size", Unit::kSize, "", false},
                     {"time", "time", Unit::kTime, "", false},
                     {"energy", "energy", Unit::kEnergy, "", false},
                     {"carbon", "carbon", Unit::kCarbon, "", false}};
    for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
        for (const PlannedTransfer& leg : plan.pipelines[p].transfers) {
            TableRow(table)
                .set("pipeline", static_cast<std::int64_t>(p))
                .set("from", leg.from)
                .set("to", leg.to)
                .set("size", leg.bytes)
                .set("time", leg.time)
                .set("energy", leg.parts.link_joules)
                .set("carbon", leg.parts.link_grams)
                .add();
        }
    }
    return table;
}

}  // namespace

Document describe_plan(const Subject& subject) {
    const Plan& plan = subject.plan;
    Document document{"plan", fmt::format("Plan {}", subject.name), {}, plan.notes};
    document.sections.emplace_back(prediction_facts(subject));
    document.sections.emplace_back(proof_facts(plan));
    document.sections.emplace_back(single_subject(stage_table({&subject, 1})));
    document.sections.emplace_back(transfer_table(plan));
    document.sections.emplace_back(single_subject(ledger_table({&subject, 1})));
    document.sections.emplace_back(single_subject(sci_table({&subject, 1})));
    document.opening = opening_of_plan(subject);
    return document;
}

}  // namespace carbonedge
