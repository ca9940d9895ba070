#include "lib/report/comparison.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/report/comparability.h"
#include "lib/report/ledgers.h"
#include "lib/report/opening.h"
#include "lib/report/sections.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace carbonedge {
namespace {

std::vector<Column> policy_columns() {
    const auto column = [](std::string key, std::string title, Unit unit, std::string group, bool plus = false) {
        return Column{std::move(key), std::move(title), unit, std::move(group), plus};
    };
    return {
        column("policy", "policy", Unit::kText, ""),
        column("stages", "stages", Unit::kText, "where"),
        column("nodes", "nodes", Unit::kText, "where"),
        column("status", "run", Unit::kText, "where"),
        column("predicted_latency_median", "median predicted", Unit::kTime, "latency"),
        column("run_latency_median", "median run", Unit::kTime, "latency"),
        column("latency_median_error", "error", Unit::kPercent, "latency", true),
        column("predicted_latency_p95", "p95 predicted", Unit::kTime, "latency"),
        column("run_latency_p95", "p95 run", Unit::kTime, "latency"),
        column("latency_p95_error", "error", Unit::kPercent, "latency", true),
        column("predicted_latency_mean", "mean predicted", Unit::kTime, "latency"),
        column("run_latency_mean", "mean run", Unit::kTime, "latency"),
        column("run_latency_mean_half_width", "+-", Unit::kTime, "latency"),
        column("latency_mean_error", "error", Unit::kPercent, "latency", true),
        column("predicted_throughput", "throughput predicted", Unit::kPerSecond, "throughput"),
        column("run_throughput", "throughput run", Unit::kPerSecond, "throughput"),
        column("predicted_energy", "energy predicted", Unit::kEnergy, "energy"),
        column("run_energy", "energy run", Unit::kEnergy, "energy"),
        column("run_energy_half_width", "+- (requests)", Unit::kEnergy, "energy"),
        column("run_energy_uncertainty", "+- (meter)", Unit::kEnergy, "energy"),
        column("energy_provenance", "joules are", Unit::kText, "energy"),
        column("predicted_carbon", "carbon predicted", Unit::kCarbon, "carbon"),
        column("run_carbon", "carbon run", Unit::kCarbon, "carbon"),
        column("run_carbon_half_width", "+- (requests)", Unit::kCarbon, "carbon"),
        column("carbon_error", "error", Unit::kPercent, "carbon", true),
        column("carbon_difference", "difference", Unit::kCarbon, "difference", true),
        column("carbon_change", "change", Unit::kPercent, "difference", true),
        column("difference_electricity", "by electricity", Unit::kCarbon, "difference", true),
        column("difference_time", "by time", Unit::kCarbon, "difference", true),
        column("difference_power", "by power", Unit::kCarbon, "difference", true),
        column("difference_overhead", "by transport and overhead", Unit::kCarbon, "difference", true),
        column("difference_embodied", "by embodied", Unit::kCarbon, "difference", true),
        column("difference_basis", "basis", Unit::kText, "difference"),
    };
}

double seconds(Nanoseconds time) { return to_seconds(time).count(); }

void fill_latency(TableRow& row, const Subject& subject, std::uint64_t seed) {
    const Prediction& predicted = subject.plan.predicted;
    row.set("predicted_latency_median", predicted.latency_p50);
    row.set("predicted_latency_p95", predicted.latency_p95);
    row.set("predicted_latency_mean", predicted.latency_mean);
    row.set("predicted_throughput", predicted.throughput_per_second);
    if (!subject.run) return;
    if (const auto measured = run_latency(*subject.run, seed)) {
        row.set("run_latency_median", to_nanoseconds(Seconds(measured->median)));
        row.set("run_latency_p95", to_nanoseconds(Seconds(measured->p95)));
        row.set("run_latency_mean", to_nanoseconds(Seconds(measured->mean)));
        if (measured->mean_interval) {
            row.set("run_latency_mean_half_width", to_nanoseconds(Seconds(measured->mean_interval->half_width())));
        }
        row.set("latency_median_error",
                to_cell(prediction_error_percent(seconds(predicted.latency_p50), measured->median)));
        row.set("latency_p95_error", to_cell(prediction_error_percent(seconds(predicted.latency_p95), measured->p95)));
        row.set("latency_mean_error",
                to_cell(prediction_error_percent(seconds(predicted.latency_mean), measured->mean)));
    }
    row.set("run_throughput", to_cell(run_throughput(*subject.run)));
}

std::string provenance_of(const Ledger& ledger) {
    std::string found;
    for (const LedgerEntry& entry : ledger.entries) {
        if (entry.kind == LedgerKind::kEmbodied || entry.kind == LedgerKind::kLink) continue;
        const std::string_view name = provenance_name(entry.energy.provenance);
        if (found.empty()) found = name;
        if (found != name) return "mixed";
    }
    return found;
}

void fill_energy(TableRow& row, const Subject& subject, std::uint64_t seed) {
    const Prediction& predicted = subject.plan.predicted;
    row.set("predicted_energy", predicted.parts.joules());
    row.set("predicted_carbon", predicted.parts.grams());
    row.set("energy_provenance", std::string(provenance_name(predicted.provenance)));
    if (!subject.run) return;
    const auto ledger = recorded_ledger(*subject.run, subject.plan, subject.name);
    if (!ledger) return;
    const GramsCo2e grams = total_grams(*ledger);
    row.set("run_energy", total_joules(*ledger));
    row.set("run_energy_uncertainty", total_uncertainty(*ledger));
    row.set("run_carbon", grams);
    row.set("carbon_error", to_cell(prediction_error_percent(predicted.parts.grams().value(), grams.value())));
    row.set("energy_provenance", provenance_of(*ledger));
    if (const auto spread = energy_spread(*subject.run, *ledger, seed)) {
        row.set("run_energy_half_width", Joules(spread->joules.half_width()));
        row.set("run_carbon_half_width", GramsCo2e(spread->grams.half_width()));
    }
}

void fill_difference(TableRow& row, const Difference& difference) {
    const CauseSplit& causes = difference.causes;
    row.set("carbon_difference", causes.total());
    if (difference.baseline.value() != 0) {
        row.set("carbon_change", causes.total() / difference.baseline * 100);
    }
    row.set("difference_electricity", causes.electricity);
    row.set("difference_time", causes.time);
    row.set("difference_power", causes.power);
    row.set("difference_overhead", causes.overhead);
    row.set("difference_embodied", causes.embodied);
    row.set("difference_basis", difference.basis);
}

/// The policies that send every request the same way may have been given one run; say which rows share one.
void note_shared_runs(std::vector<std::string>& notes, std::span<const Subject> subjects) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        for (std::size_t j = i + 1; j < subjects.size(); ++j) {
            if (!subjects[i].run || !subjects[j].run || subjects[i].run->requests.empty()) continue;
            if (subjects[i].run->requests != subjects[j].run->requests) continue;
            notes.push_back(fmt::format("{} and {} show one and the same run", subjects[i].name, subjects[j].name));
        }
    }
}

std::vector<std::string> comparison_notes(std::span<const Subject> subjects, std::size_t baseline,
                                          const ComparisonOptions& options) {
    std::vector<std::string> notes;
    notes.push_back(fmt::format("differences are to {}, per inference, split by Shapley value (docs/ledger.md)",
                                subjects[baseline].name));
    notes.push_back(fmt::format("idle policy: {}", idle_policy_name(subjects[baseline].plan.cluster.idle_policy)));
    const bool any_run = std::any_of(subjects.begin(), subjects.end(), [](const Subject& s) { return s.run; });
    if (any_run) {
        notes.push_back(
            fmt::format("+-: half of a 95 % interval of the mean over requests (bootstrap, seed {}); "
                        "(meter): band of the energy model or sensor; error: predicted / run - 1",
                        options.seed));
    }
    for (const Mixture& mixture : comparison_mixtures(subjects)) {
        notes.push_back(fmt::format("mixed, as allowed: {}", mixture_text(mixture)));
    }
    for (const Subject& subject : subjects) {
        if (subject.run && !is_complete(*subject.run)) {
            notes.push_back(fmt::format("{}: the run is incomplete ({}, {} of {} requests)", subject.name,
                                        run_status(*subject.run), subject.run->requests.size(),
                                        subject.run->header.requests));
        }
    }
    for (const Subject& subject : subjects) {
        for (const std::string& missed : missed_limits(subject, options.seed)) {
            notes.push_back(fmt::format("{}: {}", subject.name, missed));
        }
    }
    note_shared_runs(notes, subjects);
    return notes;
}

}  // namespace

std::size_t find_baseline(std::span<const Subject> subjects, const std::optional<std::string>& baseline) {
    std::vector<std::string> names;
    for (const Subject& subject : subjects) names.push_back(subject.name);
    if (baseline) {
        const auto found = std::find(names.begin(), names.end(), *baseline);
        if (found == names.end()) {
            throw UsageError("--baseline: " + unknown_name_message("policy", *baseline, names));
        }
        return static_cast<std::size_t>(found - names.begin());
    }
    const auto found = std::find_if(names.begin(), names.end(),
                                    [](const std::string& name) { return name.starts_with("monolithic"); });
    return found == names.end() ? 0 : static_cast<std::size_t>(found - names.begin());
}

Difference difference_to(const Subject& baseline, const Subject& subject) {
    if (baseline.run && subject.run) {
        const auto before = recorded_ledger(*baseline.run, baseline.plan, baseline.name);
        const auto after = recorded_ledger(*subject.run, subject.plan, subject.name);
        if (before && after) {
            return {split_difference(carbon_factors(*before), carbon_factors(*after)), total_grams(*before), "run"};
        }
    }
    const Ledger before = predicted_ledger(baseline.plan, baseline.name);
    const Ledger after = predicted_ledger(subject.plan, subject.name);
    return {split_difference(carbon_factors(before), carbon_factors(after)), total_grams(before), "prediction"};
}

Document compare(std::span<const Subject> subjects, const ComparisonOptions& options) {
    const std::size_t baseline = find_baseline(subjects, options.baseline);
    Document document{"comparison", "", {}, {}};
    if (!subjects.front().plan.profiles.empty()) {
        document.title = fmt::format("Policies for {}", subjects.front().plan.profiles.front().model_name);
    }
    Table table{"policies", "", policy_columns(), {}, {}};
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        const Subject& subject = subjects[i];
        TableRow row(table);
        row.set("policy", subject.name);
        row.set("stages", stages_text(subject));
        row.set("nodes", nodes_text(subject));
        row.set("status", subject.run ? run_status(*subject.run) : std::string("not run"));
        fill_latency(row, subject, options.seed);
        fill_energy(row, subject, options.seed);
        if (i != baseline) fill_difference(row, difference_to(subjects[baseline], subject));
        row.add();
    }
    table.notes = comparison_notes(subjects, baseline, options);
    document.sections.emplace_back(std::move(table));
    document.sections.emplace_back(stage_table(subjects));
    if (Table times = time_table(subjects); !times.rows.empty()) document.sections.emplace_back(std::move(times));
    document.sections.emplace_back(ledger_table(subjects));
    document.sections.emplace_back(sci_table(subjects));
    document.sections.emplace_back(node_table(subjects));
    document.opening = opening_of_comparison(subjects, baseline, options.seed);
    return document;
}

}  // namespace carbonedge
