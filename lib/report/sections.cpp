#include "lib/report/sections.h"

#include "lib/carbon/sci.h"
#include "lib/cluster/intensity_notes.h"
#include "lib/partition/transport_energy.h"
#include "lib/report/ledgers.h"
#include "lib/runlog/time_parts.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace carbonedge {
namespace {

Column text(std::string key, std::string title) { return {std::move(key), std::move(title), Unit::kText, "", false}; }
Column number(std::string key, std::string title, Unit unit, std::string group = "") {
    return {std::move(key), std::move(title), unit, std::move(group), false};
}

struct ChosenLedger {
    Ledger ledger;
    std::string basis;  ///< "run" | "prediction"
};

ChosenLedger choose_ledger(const Subject& subject) {
    if (subject.run) {
        if (auto recorded = recorded_ledger(*subject.run, subject.plan, subject.name)) return {*recorded, "run"};
    }
    return {predicted_ledger(subject.plan, subject.name), "prediction"};
}

/// Means of what a run recorded for one stage of one pipeline.
struct StageMeans {
    double requests = 0;
    double transfer = 0;
    double queue = 0;
    double compute = 0;
    double cpu = 0;
    std::vector<double> compute_values;
};

StageMeans stage_means(const RunLog& run, std::size_t pipeline, std::size_t stage) {
    StageMeans means;
    for (const RequestRecord& request : run.requests) {
        if (!request.ok || request.pipeline != static_cast<std::int64_t>(pipeline)) continue;
        if (stage >= request.stages.size()) continue;
        const StageRecord& record = request.stages[stage];
        means.requests += 1;
        means.transfer += to_seconds(record.transfer).count();
        means.queue += to_seconds(record.queue).count();
        means.compute += to_seconds(record.compute).count();
        means.cpu += to_seconds(record.cpu).count();
        means.compute_values.push_back(to_seconds(record.compute).count());
    }
    if (means.requests == 0) return means;
    means.transfer /= means.requests;
    means.queue /= means.requests;
    means.compute /= means.requests;
    means.cpu /= means.requests;
    std::sort(means.compute_values.begin(), means.compute_values.end());
    return means;
}

Cell time_cell(double seconds) { return to_nanoseconds(Seconds(seconds)); }

/// Compute CPU time of a stage as predicted; the plan's `cpu` includes transport, in proportion to its joules.
Seconds predicted_compute_cpu(const PlannedStage& stage) {
    const double joules = (stage.parts.compute_joules + stage.parts.transport_cpu_joules).value();
    return to_seconds(stage.cpu) * (joules > 0 ? stage.parts.compute_joules.value() / joules : 1.0);
}

/// Each note once: plans that are compared often share a cluster.
void add_notes(Table& table, const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
        if (std::find(table.notes.begin(), table.notes.end(), note) == table.notes.end()) table.notes.push_back(note);
    }
}

void add_return_row(Table& table, const Subject& subject, std::size_t pipeline, const std::string& label) {
    const Pipeline& planned = subject.plan.pipelines[pipeline];
    if (planned.transfers.size() != planned.stages.size() + 1) return;
    TableRow row(table);
    row.set("policy", subject.name);
    row.set("stage", label);
    row.set("node", "gateway");
    row.set("layers", "(answer)");
    row.set("predicted_transfer", planned.transfers.back().time);
    if (subject.run) {
        double sum = 0;
        double count = 0;
        for (const RequestRecord& request : subject.run->requests) {
            if (!request.ok || request.pipeline != static_cast<std::int64_t>(pipeline)) continue;
            sum += to_seconds(request.return_transfer).count();
            count += 1;
        }
        if (count > 0) row.set("run_transfer_mean", time_cell(sum / count));
    }
    row.add();
}

}  // namespace

const Profile& profile_of(const Plan& plan, const std::string& node) {
    std::size_t index = 0;
    if (const auto found = find_node(plan.cluster, node); found && found->value() < plan.node_profile.size()) {
        index = static_cast<std::size_t>(std::max(0, plan.node_profile[found->value()]));
    }
    return plan.profiles.at(index < plan.profiles.size() ? index : 0);
}

std::string layers_text(const Profile& profile, LayerRange layers) {
    if (layers.size() == 0 || layers.end > profile.layers.size()) return "";
    const std::string& first = profile.layers[layers.first].name;
    const std::string& last = profile.layers[layers.end - 1].name;
    return first == last ? first : fmt::format("{} .. {}", first, last);
}

Table stage_table(std::span<const Subject> subjects) {
    Table table{"stages", "Stages", {}, {}, {}};
    table.columns = {text("policy", "policy"),
                     text("stage", "stage"),
                     text("node", "node"),
                     text("layers", "layers"),
                     number("predicted_compute", "predicted compute", Unit::kTime, "compute"),
                     number("run_compute_median", "run median", Unit::kTime, "compute"),
                     number("run_compute_mean", "run mean", Unit::kTime, "compute"),
                     {"compute_error", "error of the median", Unit::kPercent, "compute", true},
                     number("predicted_transfer", "predicted transfer", Unit::kTime, "transfer"),
                     number("run_transfer_mean", "run transfer", Unit::kTime, "transfer"),
                     number("run_queue_mean", "run queue", Unit::kTime, "transfer"),
                     number("predicted_cpu", "predicted CPU", Unit::kTime, "cpu"),
                     number("run_cpu_mean", "run CPU", Unit::kTime, "cpu"),
                     number("input", "input", Unit::kSize, "memory"),
                     number("predicted_memory", "memory needed", Unit::kSize, "memory")};
    for (const Subject& subject : subjects) {
        const std::vector<double> shares = pipeline_shares(subject);
        for (std::size_t p = 0; p < subject.plan.pipelines.size(); ++p) {
            if (shares[p] == 0) continue;
            const Pipeline& pipeline = subject.plan.pipelines[p];
            const bool many = subject.plan.pipelines.size() > 1;
            for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
                const PlannedStage& stage = pipeline.stages[s];
                TableRow row(table);
                row.set("policy", subject.name);
                row.set("stage", many ? fmt::format("{}.{}", p, s) : fmt::format("{}", s));
                row.set("node", stage.node);
                row.set("layers", layers_text(profile_of(subject.plan, stage.node), stage.layers));
                row.set("predicted_compute", stage.busy);
                if (s < pipeline.transfers.size()) row.set("predicted_transfer", pipeline.transfers[s].time);
                row.set("predicted_cpu", to_nanoseconds(predicted_compute_cpu(stage)));
                row.set("input", stage.input_bytes);
                row.set("predicted_memory", stage.memory);
                if (const StageMeans means = subject.run ? stage_means(*subject.run, p, s) : StageMeans{};
                    means.requests > 0) {
                    const double median = quantile(means.compute_values, 0.5);
                    row.set("run_compute_median", time_cell(median));
                    row.set("run_compute_mean", time_cell(means.compute));
                    row.set("compute_error", to_cell(prediction_error_percent(to_seconds(stage.busy).count(), median)));
                    row.set("run_transfer_mean", time_cell(means.transfer));
                    row.set("run_queue_mean", time_cell(means.queue));
                    row.set("run_cpu_mean", time_cell(means.cpu));
                }
                row.add();
            }
            add_return_row(table, subject, p, many ? fmt::format("{}", p) : "");
        }
    }
    if (std::any_of(subjects.begin(), subjects.end(), [](const Subject& subject) { return subject.run; })) {
        table.notes.emplace_back(
            "predicted compute is one pass without throttling; run means hold what the quota made it wait");
    }
    return table;
}

Table time_table(std::span<const Subject> subjects) {
    Table table{"times", "Where the time of a request went", {}, {}, {}};
    table.columns = {text("policy", "policy"),
                     number("requests", "requests", Unit::kCount),
                     number("queue", "queue", Unit::kTime, "mean"),
                     number("serialise", "serialise", Unit::kTime, "mean"),
                     number("wire", "wire", Unit::kTime, "mean"),
                     number("compute", "compute", Unit::kTime, "mean"),
                     number("latency", "latency", Unit::kTime, "mean"),
                     number("accounted", "accounted", Unit::kPercent, "mean")};
    for (const Subject& subject : subjects) {
        if (!subject.run) continue;
        TimeParts sum;
        Nanoseconds latency{0};
        std::int64_t requests = 0;
        for (const RequestRecord& request : subject.run->requests) {
            const std::optional<TimeParts> parts = request.ok ? time_parts(request) : std::nullopt;
            if (!parts) continue;
            sum.queue += parts->queue;
            sum.serialise += parts->serialise;
            sum.wire += parts->wire;
            sum.compute += parts->compute;
            latency += request.latency;
            ++requests;
        }
        if (requests == 0 || latency.count() == 0) continue;
        TableRow row(table);
        row.set("policy", subject.name);
        row.set("requests", requests);
        row.set("queue", sum.queue / requests);
        row.set("serialise", sum.serialise / requests);
        row.set("wire", sum.wire / requests);
        row.set("compute", sum.compute / requests);
        row.set("latency", latency / requests);
        row.set("accounted", 100.0 * static_cast<double>(sum.sum().count()) / static_cast<double>(latency.count()));
        row.add();
    }
    return table;
}

Table ledger_table(std::span<const Subject> subjects) {
    Table table{"ledger", "Ledger of one inference", {}, {}, {}};
    table.columns = {text("policy", "policy"),
                     text("basis", "basis"),
                     text("kind", "kind"),
                     text("place", "place"),
                     text("zone", "zone"),
                     text("time_utc", "from (UTC)"),
                     number("cpu_time", "CPU time", Unit::kTime, "energy"),
                     number("energy", "energy", Unit::kEnergy, "energy"),
                     number("energy_uncertainty", "+-", Unit::kEnergy, "energy"),
                     number("intensity", "intensity", Unit::kIntensity, "carbon"),
                     number("carbon", "carbon", Unit::kCarbon, "carbon"),
                     number("carbon_share", "share", Unit::kPercent, "carbon"),
                     text("provenance", "provenance"),
                     text("source", "source"),
                     text("boundary", "boundary"),
                     text("signal", "signal"),
                     text("scope", "scope"),
                     text("intensity_origin", "intensity is")};
    for (const Subject& subject : subjects) {
        const ChosenLedger chosen = choose_ledger(subject);
        const double total = total_grams(chosen.ledger).value();
        for (const LedgerEntry& entry : chosen.ledger.entries) {
            const bool embodied = entry.kind == LedgerKind::kEmbodied;
            TableRow row(table);
            row.set("policy", subject.name);
            row.set("basis", chosen.basis);
            row.set("kind", std::string(ledger_kind_name(entry.kind)));
            row.set("place", entry.place);
            row.set("zone", entry.zone);
            row.set("time_utc", entry.time_utc);
            if (entry.cpu_time.count() > 0) row.set("cpu_time", to_nanoseconds(entry.cpu_time));
            if (!embodied) {
                row.set("energy", entry.energy.joules);
                row.set("energy_uncertainty", entry.energy.uncertainty);
                row.set("intensity", entry.intensity);
                row.set("provenance", std::string(provenance_name(entry.energy.provenance)));
                row.set("source", entry.energy.source);
                row.set("boundary", entry.energy.boundary);
                row.set("signal", entry.signal);
                row.set("scope", entry.scope);
                if (!entry.intensity_origin.empty()) row.set("intensity_origin", entry.intensity_origin);
            }
            row.set("carbon", entry.grams);
            if (total != 0) row.set("carbon_share", entry.grams.value() / total * 100);
            row.add();
        }
        if (const double off = ledger_inconsistency(chosen.ledger); off > 1e-6) {
            table.notes.push_back(
                fmt::format("{}: a line's grams are not its joules times its intensity, by {:.2g} of the total",
                            subject.name, off));
        }
        add_notes(table, intensity_notes(subject.plan.cluster));
        for (const std::string& note : transport_notes(subject.plan)) add_notes(table, {subject.name + ", " + note});
    }
    return table;
}

Table sci_table(std::span<const Subject> subjects) {
    Table table{"sci", "Software Carbon Intensity, (E x I + M) / R, R = 1 inference (ISO/IEC 21031:2024)", {}, {}, {}};
    table.columns = {text("policy", "policy"),        number("sci", "SCI", Unit::kCarbon),
                     number("e", "E", Unit::kEnergy), number("i", "I", Unit::kIntensity),
                     number("m", "M", Unit::kCarbon), number("r", "R", Unit::kCount),
                     text("basis", "basis"),          text("boundary", "E holds")};
    for (const Subject& subject : subjects) {
        const ChosenLedger chosen = choose_ledger(subject);
        const SciScore sci = sci_score(chosen.ledger);
        TableRow row(table);
        row.set("policy", subject.name);
        row.set("sci", sci.score());
        row.set("e", sci.energy);
        row.set("i", sci.intensity);
        if (sci.embodied.value() != 0) row.set("m", sci.embodied);
        row.set("r", std::int64_t{1});
        row.set("basis", chosen.basis);
        row.set("boundary", sci.boundary);
        row.add();
    }
    return table;
}

Table node_table(std::span<const Subject> subjects) {
    Table table{"nodes", "Nodes as run", {}, {}, {}};
    table.columns = {text("policy", "policy"),
                     text("node", "node"),
                     number("cpus", "CPUs", Unit::kNumber, "limit"),
                     number("quota_period", "period", Unit::kTime, "limit"),
                     number("memory_limit", "memory limit", Unit::kSize, "limit"),
                     text("enforced", "limit enforced by"),
                     number("compute_cpu", "compute CPU an inference", Unit::kTime, "cpu"),
                     number("other_cpu", "other CPU an inference", Unit::kTime, "cpu"),
                     number("throttled", "throttled an inference", Unit::kTime, "cpu"),
                     number("peak_memory", "peak memory", Unit::kSize)};
    for (const Subject& subject : subjects) {
        if (!subject.run) continue;
        const std::int64_t answered = answered_requests(*subject.run);
        for (const NodeRecord& node : subject.run->nodes) {
            TableRow row(table);
            row.set("policy", subject.name);
            row.set("node", node.node);
            for (const EnforcedLimit& limit : subject.run->header.limits) {
                if (limit.node != node.node) continue;
                row.set("cpus", limit.cpus);
                row.set("quota_period", limit.quota_period);
                if (limit.memory.value() > 0) row.set("memory_limit", limit.memory);
                row.set("enforced", limit.enforced ? limit.mechanism : "not enforced: " + limit.mechanism);
            }
            if (answered > 0) {
                row.set("compute_cpu", node.compute_cpu / answered);
                row.set("other_cpu", (node.total_cpu - node.compute_cpu) / answered);
                row.set("throttled", node.throttled / answered);
            }
            if (node.peak_memory.value() > 0) row.set("peak_memory", node.peak_memory);
            row.add();
        }
    }
    return table;
}

}  // namespace carbonedge
