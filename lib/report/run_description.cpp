#include "lib/report/comparability.h"
#include "lib/report/descriptions.h"
#include "lib/report/ledgers.h"
#include "lib/report/opening.h"
#include "lib/report/percentiles.h"
#include "lib/report/sections.h"
#include "lib/report/single_subject.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

FactList run_facts(const Subject& subject) {
    const RunLog& run = *subject.run;
    const RunHeader& header = run.header;
    FactList facts{"run", "", {}};
    facts.add("plan", "plan", Unit::kText, subject.name);
    facts.add("nodes", "nodes", Unit::kText, nodes_text(subject));
    facts.add("status", "status", Unit::kText, run_status(run));
    facts.add("requests_asked", "requests asked for", Unit::kCount, header.requests);
    facts.add("requests_answered", "answered", Unit::kCount, answered_requests(run));
    facts.add("requests_failed", "failed", Unit::kCount, failed_requests(run));
    facts.add("warm_up", "warm-up before them", Unit::kCount, header.warm_up);
    facts.add("load", "load", Unit::kText, load_text(header));
    if (header.deadline) facts.add("deadline", "deadline", Unit::kText, deadline_text(run));
    if (header.batches.largest > 1) facts.add("batches", "batches", Unit::kText, batches_text(run));
    facts.add("throughput_predicted", "throughput predicted", Unit::kPerSecond,
              subject.plan.predicted.throughput_per_second);
    facts.add("throughput", "throughput measured", Unit::kPerSecond, to_cell(run_throughput(run)));
    if (run.end) {
        facts.add("outputs_checked", "outputs checked", Unit::kText,
                  std::string(run.end->outputs_checked ? "yes" : "no"));
        if (run.end->outputs_checked) {
            facts.add("worst_output_error", "worst output error / range", Unit::kNumber, run.end->worst_output_error);
        }
        if (const std::int64_t answered = answered_requests(run); answered > 0) {
            facts.add("gateway_cpu", "gateway CPU (outside)", Unit::kTime, run.end->gateway_cpu / answered);
        }
    }
    facts.add("idle_policy", "idle policy", Unit::kText,
              std::string(idle_policy_name(subject.plan.cluster.idle_policy)));
    facts.add("meter", "meter", Unit::kText, header.meter);
    facts.add("engine", "engine", Unit::kText, header.engine);
    facts.add("machine", "machine", Unit::kText, header.machine);
    facts.add("date_utc", "date (UTC)", Unit::kText, header.date_utc);
    facts.add("tool_version", "tool version", Unit::kText, header.tool_version);
    facts.add("model_sha256", "model SHA-256", Unit::kText, header.model_sha256);
    return facts;
}

Table latency_table(const Subject& subject, std::uint64_t seed) {
    Table table{"latency", "Latency, predicted beside measured", {}, {}, {}};
    table.columns = {{"quantity", "latency", Unit::kText, "", false},
                     {"predicted", "predicted", Unit::kTime, "", false},
                     {"run", "run", Unit::kTime, "", false},
                     {"run_low", "95 % low", Unit::kTime, "", false},
                     {"run_high", "95 % high", Unit::kTime, "", false},
                     {"error", "error", Unit::kPercent, "", true}};
    const Prediction& predicted = subject.plan.predicted;
    const auto measured = run_latency(*subject.run, seed);
    const auto add = [&](const char* name, Nanoseconds expected, double Spread::*value,
                         std::optional<Interval> Spread::*interval) {
        TableRow row(table);
        row.set("quantity", name);
        row.set("predicted", expected);
        if (measured) {
            const double seconds = (*measured).*value;
            row.set("run", to_nanoseconds(Seconds(seconds)));
            if (const auto& bounds = (*measured).*interval) {
                row.set("run_low", to_nanoseconds(Seconds(bounds->low)));
                row.set("run_high", to_nanoseconds(Seconds(bounds->high)));
            }
            row.set("error", to_cell(prediction_error_percent(to_seconds(expected).count(), seconds)));
        }
        row.add();
    };
    add("mean", predicted.latency_mean, &Spread::mean, &Spread::mean_interval);
    add("median", predicted.latency_p50, &Spread::median, &Spread::median_interval);
    add("p95", predicted.latency_p95, &Spread::p95, &Spread::p95_interval);
    table.notes.push_back(fmt::format(
        "intervals: bootstrap of the mean (seed {}), order statistics of median and p95; error: predicted / run - 1",
        seed));
    return table;
}

Table energy_table(const Subject& subject, std::uint64_t seed) {
    Table table{"energy", "Energy and carbon of one inference, predicted beside recorded", {}, {}, {}};
    table.columns = {{"quantity", "quantity", Unit::kText, "", false},
                     {"predicted_energy", "energy predicted", Unit::kEnergy, "energy", false},
                     {"energy", "energy run", Unit::kEnergy, "energy", false},
                     {"energy_low", "95 % low", Unit::kEnergy, "energy", false},
                     {"energy_high", "95 % high", Unit::kEnergy, "energy", false},
                     {"predicted_carbon", "carbon predicted", Unit::kCarbon, "carbon", false},
                     {"carbon", "carbon run", Unit::kCarbon, "carbon", false},
                     {"carbon_low", "95 % low", Unit::kCarbon, "carbon", false},
                     {"carbon_high", "95 % high", Unit::kCarbon, "carbon", false},
                     {"carbon_error", "error", Unit::kPercent, "carbon", true}};
    const Ledger predicted = predicted_ledger(subject.plan, subject.name);
    const auto recorded = recorded_ledger(*subject.run, subject.plan, subject.name);
    const auto add = [&](const std::string& name, std::optional<LedgerKind> kind,
                         const std::optional<EnergySpread>& spread) {
        TableRow row(table);
        row.set("quantity", name);
        row.set("predicted_energy", total_joules(predicted, kind));
        row.set("predicted_carbon", total_grams(predicted, kind));
        if (recorded) {
            row.set("energy", total_joules(*recorded, kind));
            row.set("carbon", total_grams(*recorded, kind));
            row.set("carbon_error", to_cell(prediction_error_percent(total_grams(predicted, kind).value(),
                                                                     total_grams(*recorded, kind).value())));
        }
        if (spread) {
            row.set("energy_low", Joules(spread->joules.low));
            row.set("energy_high", Joules(spread->joules.high));
            row.set("carbon_low", GramsCo2e(spread->grams.low));
            row.set("carbon_high", GramsCo2e(spread->grams.high));
        }
        row.add();
    };
    for (const LedgerKind kind :
         {LedgerKind::kCompute, LedgerKind::kTransport, LedgerKind::kLink, LedgerKind::kIdle, LedgerKind::kEmbodied}) {
        const bool any =
            total_grams(predicted, kind).value() != 0 || (recorded && total_grams(*recorded, kind).value() != 0);
        if (any) add(std::string(ledger_kind_name(kind)), kind, {});
    }
    add("total", {}, recorded ? energy_spread(*subject.run, *recorded, seed) : std::nullopt);
    return table;
}

Table failover_table(const RunLog& run) {
    Table table{"failovers", "What failed while requests flowed", {}, {}, {}};
    table.columns = {{"at", "at", Unit::kTime, "", false},
                     {"node", "node", Unit::kText, "", false},
                     {"cause", "cause", Unit::kText, "", false},
                     {"noticed_by", "noticed by", Unit::kText, "", false},
                     {"silent", "silent before", Unit::kTime, "", false},
                     {"resubmitted", "sent again", Unit::kCount, "", false},
                     {"recovery", "first answer after", Unit::kTime, "", false},
                     {"returned", "node back after", Unit::kTime, "", false}};
    for (const FailoverRecord& failover : run.failovers) {
        TableRow row(table);
        row.set("at", failover.at);
        row.set("node", failover.node);
        row.set("cause", failover.cause);
        row.set("noticed_by", failover.noticed_by);
        if (failover.silent > Nanoseconds(0)) row.set("silent", failover.silent);
        row.set("resubmitted", failover.resubmitted);
        if (failover.recovery) row.set("recovery", *failover.recovery);
        if (failover.returned) row.set("returned", *failover.returned);
        row.add();
    }
    return table;
}

Table intensity_change_table(const RunLog& run) {
    Table table{"intensities", "Intensities that the run was charged with", {}, {}, {}};
    table.columns = {{"at", "from", Unit::kTime, "", false},
                     {"zone", "zone", Unit::kText, "", false},
                     {"intensity", "intensity", Unit::kIntensity, "", false},
                     {"time_utc", "time of the series", Unit::kText, "", false}};
    for (const IntensityRecord& change : run.intensities) {
        TableRow row(table);
        row.set("at", change.at);
        row.set("zone", change.zone);
        row.set("intensity", change.intensity);
        row.set("time_utc", change.time_utc);
        row.add();
    }
    return table;
}

Table move_table(const RunLog& run) {
    Table table{"moves", "Moves of the plan while requests flowed", {}, {}, {}};
    table.columns = {{"at", "at", Unit::kTime, "", false},
                     {"from", "from", Unit::kText, "", false},
                     {"to", "to", Unit::kText, "", false},
                     {"opening", "open after", Unit::kTime, "", false},
                     {"closing", "old one gone after", Unit::kTime, "", false},
                     {"saving", "saving predicted", Unit::kPercent, "", false},
                     {"cost", "cost predicted", Unit::kCarbon, "", false},
                     {"reason", "reason", Unit::kText, "", false}};
    for (const MoveRecord& move : run.moves) {
        TableRow row(table);
        row.set("at", move.at);
        row.set("from", move.from);
        row.set("to", move.to);
        row.set("opening", move.opening);
        row.set("closing", move.closing);
        row.set("saving", 100 * move.saving);
        row.set("cost", move.grams);
        row.set("reason", move.reason);
        row.add();
    }
    return table;
}

}  // namespace

Document describe_run(const Subject& subject, std::uint64_t seed) {
    const RunLog& run = *subject.run;
    Document document{"run", fmt::format("Run of {}", subject.name), {}, {}};
    document.sections.emplace_back(run_facts(subject));
    document.sections.emplace_back(latency_table(subject, seed));
    document.sections.emplace_back(percentile_table(*subject.run));
    document.sections.emplace_back(energy_table(subject, seed));
    if (!run.failovers.empty()) document.sections.emplace_back(failover_table(run));
    if (!run.intensities.empty()) document.sections.emplace_back(intensity_change_table(run));
    if (!run.moves.empty()) document.sections.emplace_back(move_table(run));
    document.sections.emplace_back(single_subject(stage_table({&subject, 1})));
    if (Table times = time_table({&subject, 1}); !times.rows.empty()) {
        document.sections.emplace_back(single_subject(std::move(times)));
    }
    document.sections.emplace_back(single_subject(node_table({&subject, 1})));
    document.sections.emplace_back(single_subject(ledger_table({&subject, 1})));
    document.sections.emplace_back(single_subject(sci_table({&subject, 1})));
    if (!is_complete(run)) {
        document.notes.push_back(fmt::format("incomplete: {}, {} of {} requests recorded", run_status(run),
                                             run.requests.size(), run.header.requests));
    }
    for (const std::string& missed : missed_limits(subject, seed)) document.notes.push_back(missed);
    if (run.nodes.empty()) document.notes.emplace_back("no node totals were recorded: energy is as predicted");
    for (const RequestRecord& request : run.requests) {
        if (request.ok || request.dropped) continue;
        document.notes.push_back(fmt::format("first failed request, {}: {}", request.id, request.error));
        break;
    }
    for (const Mixture& mixture : comparison_mixtures({&subject, 1})) {
        document.notes.push_back("the ledger mixes " + mixture_text(mixture));
    }
    document.opening = opening_of_run(subject, seed);
    return document;
}

}  // namespace carbonedge
