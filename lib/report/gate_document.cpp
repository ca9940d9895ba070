#include "lib/report/gate_document.h"

#include "lib/report/cell_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

Column column(std::string key, std::string title, Unit unit, std::string group, bool plus = false) {
    return Column{std::move(key), std::move(title), unit, std::move(group), plus};
}

/// "time", "energy", "carbon", "size": what a column's key begins with.
std::string_view quantity_word(GateMetric metric) {
    switch (metric_report_unit(metric)) {
        case Unit::kTime:
            return "time";
        case Unit::kEnergy:
            return "energy";
        case Unit::kCarbon:
            return "carbon";
        default:
            return "size";
    }
}

Cell percent_cell(std::optional<double> relative) {
    if (!relative || !std::isfinite(*relative)) return {};
    return 100 * *relative;
}

Cell text_cell(const std::string& text) { return text.empty() ? Cell() : Cell(text); }
Cell count_cell(std::size_t count) { return static_cast<std::int64_t>(count); }

Table findings_table() {
    Table table{"findings", "What was compared", {}, {}, {}};
    table.columns = {column("metric", "metric", Unit::kText, ""),
                     column("scope", "of", Unit::kText, "what"),
                     column("name", "name", Unit::kText, "what"),
                     column("verdict", "verdict", Unit::kText, "what"),
                     column("baseline_time", "baseline", Unit::kTime, "values"),
                     column("current_time", "current", Unit::kTime, "values"),
                     column("baseline_energy", "baseline", Unit::kEnergy, "values"),
                     column("current_energy", "current", Unit::kEnergy, "values"),
                     column("baseline_carbon", "baseline", Unit::kCarbon, "values"),
                     column("current_carbon", "current", Unit::kCarbon, "values"),
                     column("baseline_size", "baseline", Unit::kSize, "values"),
                     column("current_size", "current", Unit::kSize, "values"),
                     column("change", "change", Unit::kPercent, "change", true),
                     column("change_low", "at least", Unit::kPercent, "change", true),
                     column("change_high", "at most", Unit::kPercent, "change", true),
                     column("limit", "limit", Unit::kPercent, "change"),
                     column("noise", "noise", Unit::kPercent, "change"),
                     column("p_value", "p", Unit::kNumber, "change"),
                     column("baseline_units", "baseline runs", Unit::kCount, "runs"),
                     column("current_units", "current runs", Unit::kCount, "runs"),
                     column("more_units", "more needed", Unit::kCount, "runs"),
                     column("reason", "why", Unit::kText, "why")};
    return table;
}

void add_finding(Table& table, const GateFinding& finding) {
    TableRow row(table);
    row.set("metric", std::string(gate_metric_name(finding.key.metric)));
    row.set("scope", std::string(gate_scope_name(finding.key.scope)));
    row.set("name", text_cell(finding.key.name));
    row.set("verdict", std::string(gate_outcome_name(finding.outcome)));
    if (finding.baseline_units > 0) {
        const std::string_view word = quantity_word(finding.key.metric);
        row.set(fmt::format("baseline_{}", word), metric_cell(finding.key.metric, finding.baseline));
        row.set(fmt::format("current_{}", word), metric_cell(finding.key.metric, finding.current));
        row.set("change", percent_cell(finding.change));
        row.set("change_low", percent_cell(finding.change_low));
        row.set("change_high", percent_cell(finding.change_high));
        row.set("baseline_units", count_cell(finding.baseline_units));
        row.set("current_units", count_cell(finding.current_units));
    }
    row.set("limit", 100 * finding.relative_limit);
    if (finding.noise > 0) row.set("noise", 100 * finding.noise);
    row.set("p_value", to_cell(finding.p_value));
    if (finding.more_units) row.set("more_units", count_cell(*finding.more_units));
    row.set("reason", text_cell(finding.reason));
    row.add();
}

Table findings_of(const GateVerdict& verdict, bool for_people) {
    Table table = findings_table();
    std::size_t passed = 0;
    for (const GateFinding& finding : verdict.findings) {
        if (for_people && finding.key.scope != GateScope::kTotal && finding.outcome == GateOutcome::kPass) {
            ++passed;
        } else {
            add_finding(table, finding);
        }
    }
    if (passed > 0) {
        table.notes.push_back(fmt::format("{} more numbers of stages or layers pass; --format csv lists them", passed));
    }
    return table;
}

Table blame_table(const GateVerdict& verdict) {
    Table table{"blame", "Where the regression is", {}, {}, {}};
    table.columns = {column("name", "layer or stage", Unit::kText, ""),
                     column("metric", "metric", Unit::kText, "what"),
                     column("change", "change", Unit::kPercent, "what", true),
                     column("difference_time", "difference", Unit::kTime, "what", true),
                     column("difference_energy", "difference", Unit::kEnergy, "what", true),
                     column("difference_carbon", "difference", Unit::kCarbon, "what", true),
                     column("difference_size", "difference", Unit::kSize, "what", true),
                     column("share_of_total", "of the whole difference", Unit::kPercent, "what"),
                     column("certain", "certain", Unit::kText, "what")};
    for (const GateBlame& blame : verdict.blames) {
        TableRow row(table);
        row.set("name", blame.key.name);
        row.set("metric", std::string(gate_metric_name(blame.key.metric)));
        row.set("change", percent_cell(blame.change));
        row.set(fmt::format("difference_{}", quantity_word(blame.key.metric)),
                metric_cell(blame.key.metric, blame.difference));
        row.set("share_of_total", percent_cell(blame.share_of_total));
        row.set("certain", std::string(blame.certain ? "yes" : "no"));
        row.add();
    }
    return table;
}

Table cause_table(const GateVerdict& verdict) {
    Table table{"causes", "What the difference comes from", {}, {}, {}};
    table.columns = {column("cause", "cause", Unit::kText, ""), column("metric", "metric", Unit::kText, "what"),
                     column("difference_energy", "difference", Unit::kEnergy, "what", true),
                     column("difference_carbon", "difference", Unit::kCarbon, "what", true)};
    for (const GateCauseShare& share : verdict.causes) {
        TableRow row(table);
        row.set("cause", std::string(gate_cause_name(share.cause)));
        row.set("metric", std::string(gate_metric_name(share.metric)));
        row.set(fmt::format("difference_{}", quantity_word(share.metric)), metric_cell(share.metric, share.difference));
        row.add();
    }
    return table;
}

Table layer_change_table(const GateVerdict& verdict) {
    Table table{"layers", "Layers that only one side has", {}, {}, {}};
    table.columns = {column("name", "layer", Unit::kText, ""), column("what", "is", Unit::kText, "what"),
                     column("before", "was called", Unit::kText, "what")};
    const auto add = [&](const std::string& name, std::string what, const std::string& before) {
        TableRow row(table);
        row.set("name", name);
        row.set("what", std::move(what));
        row.set("before", text_cell(before));
        row.add();
    };
    for (const std::string& name : verdict.added) add(name, "new", "");
    for (const std::string& name : verdict.removed) add(name, "gone", "");
    for (const GateRename& rename : verdict.renamed) add(rename.after, "renamed", rename.before);
    return table;
}

Table mismatch_table(const GateVerdict& verdict) {
    Table table{"mismatches", "In what the sides differ", {}, {}, {}};
    table.columns = {column("aspect", "aspect", Unit::kText, ""), column("baseline", "baseline", Unit::kText, "what"),
                     column("current", "current", Unit::kText, "what"),
                     column("allowed", "allowed", Unit::kText, "what")};
    for (const GateMismatch& mismatch : verdict.mismatches) {
        TableRow row(table);
        row.set("aspect", mismatch.aspect);
        row.set("baseline", text_cell(mismatch.baseline));
        row.set("current", text_cell(mismatch.current));
        row.set("allowed", std::string(mismatch.allowed ? "yes" : "no"));
        row.add();
    }
    return table;
}

std::size_t count_outcome(const GateVerdict& verdict, GateOutcome outcome) {
    return static_cast<std::size_t>(std::count_if(verdict.findings.begin(), verdict.findings.end(),
                                                  [&](const GateFinding& one) { return one.outcome == outcome; }));
}

std::string cause_sentence(const GateVerdict& verdict) {
    if (verdict.outcome != GateOutcome::kRegression && verdict.outcome != GateOutcome::kImprovement) return "";
    const auto largest = std::max_element(verdict.causes.begin(), verdict.causes.end(),
                                          [](const GateCauseShare& left, const GateCauseShare& right) {
                                              return std::abs(left.difference) < std::abs(right.difference);
                                          });
    if (largest == verdict.causes.end() || largest->difference == 0) return "";
    return fmt::format(" Most of the change in {} comes from {}.", gate_metric_name(largest->metric),
                       gate_cause_name(largest->cause));
}

std::string how_sure(const GateVerdict& verdict) {
    switch (verdict.design) {
        case GateDesign::kExact:
            return "These numbers are computed, not measured: they have no noise of their own.";
        case GateDesign::kInterleaved:
            return fmt::format(
                "Both sides ran in turns, so that drift of the machine cancels; a false claim has a chance of at most "
                "{:.2g} %.",
                100 * (1 - verdict.confidence));
        case GateDesign::kRepeated:
        case GateDesign::kPredicted:
            return fmt::format(
                "The sides ran at different times; claims hold at {:g} % where nothing but the noise "
                "stated has come between them.",
                100 * verdict.confidence);
        case GateDesign::kSingle:
            break;
    }
    return "The sides are so few separate runs that only large changes can be told from noise.";
}

std::vector<std::string> opening_of(const GateVerdict& verdict) {
    std::vector<std::string> sentences;
    sentences.push_back(fmt::format(
        "{} was held against {}: {} numbers, of which {} got worse, {} got better, {} are open "
        "and {} cannot be compared.",
        verdict.current, verdict.baseline, verdict.findings.size(), count_outcome(verdict, GateOutcome::kRegression),
        count_outcome(verdict, GateOutcome::kImprovement), count_outcome(verdict, GateOutcome::kInconclusive),
        count_outcome(verdict, GateOutcome::kNotComparable)));
    sentences.push_back(fmt::format("Verdict: {}.{}", gate_headline(verdict), cause_sentence(verdict)));
    sentences.push_back(how_sure(verdict));
    return sentences;
}

}  // namespace

Unit metric_report_unit(GateMetric metric) {
    const std::string_view unit = gate_metric_unit(metric);
    if (unit == "seconds") return Unit::kTime;
    if (unit == "joules") return Unit::kEnergy;
    return unit == "gco2e" ? Unit::kCarbon : Unit::kSize;
}

Cell metric_cell(GateMetric metric, double value) {
    if (!std::isfinite(value)) return {};
    switch (metric_report_unit(metric)) {
        case Unit::kTime:
            return to_nanoseconds(Seconds(value));
        case Unit::kEnergy:
            return Joules(value);
        case Unit::kCarbon:
            return GramsCo2e(value);
        default:
            return Bytes(static_cast<std::int64_t>(std::llround(value)));
    }
}

Document gate_document(const GateVerdict& verdict, bool for_people) {
    Document document{
        "gate", fmt::format("Gate: {}", gate_outcome_name(verdict.outcome)), {}, verdict.notes, opening_of(verdict)};
    FactList facts{"verdict", "", {}};
    facts.add("verdict", "verdict", Unit::kText, std::string(gate_outcome_name(verdict.outcome)));
    facts.add("baseline", "baseline", Unit::kText, verdict.baseline);
    facts.add("current", "current", Unit::kText, verdict.current);
    facts.add("design", "design", Unit::kText, std::string(gate_design_name(verdict.design)));
    facts.add("confidence", "confidence", Unit::kPercent, 100 * verdict.confidence);
    document.sections.emplace_back(std::move(facts));
    document.sections.emplace_back(findings_of(verdict, for_people));
    for (Table table :
         {blame_table(verdict), cause_table(verdict), layer_change_table(verdict), mismatch_table(verdict)}) {
        if (!table.rows.empty() || !for_people) document.sections.emplace_back(std::move(table));
    }
    return document;
}

}  // namespace carbonedge
