#include "tools/report/gate_command.h"

#include "lib/base/atomic_file.h"
#include "lib/base/spelling.h"
#include "lib/gate/history.h"
#include "lib/gate/judge.h"
#include "lib/report/gate_benchmarks.h"
#include "lib/report/gate_document.h"
#include "lib/report/gate_evidence.h"
#include "lib/report/gate_junit.h"
#include "lib/report/gate_markdown.h"
#include "lib/report/pictures/gate_picture.h"
#include "tools/report/history_command.h"
#include "tools/report/picture_rendering.h"
#include "tools/report/read_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <ostream>

namespace carbonedge {
namespace {

void check_allowed(const std::vector<std::string>& names) {
    const std::vector<std::string> known = gate_aspects();
    for (const std::string& name : names) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw UsageError("--allow: " + unknown_name_message("aspect", name, known));
        }
    }
}

/// A measurement given twice would look like two that agree.
void check_given_once(const std::vector<std::string>& files) {
    for (auto file = files.begin(); file != files.end(); ++file) {
        if (std::find(std::next(file), files.end(), *file) != files.end()) {
            throw UsageError(fmt::format("{} is given twice: one measurement counts once", *file));
        }
    }
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

struct GateInputs {
    EvidencePair sides;
    std::string baseline;
    std::string current;
    std::vector<std::string> notes;
};

std::vector<Evidence> all_evidence(const std::vector<ReportInput>& inputs, const std::vector<std::string>& names,
                                   const EvidenceOptions& options) {
    std::vector<Evidence> evidence;
    for (std::size_t i = 0; i < inputs.size(); ++i) evidence.push_back(evidence_of(inputs[i], names[i], options));
    return evidence;
}

GateInputs read_gate_inputs(const ReportOptions& options, const GateRules& rules, std::istream& in) {
    const std::vector<ReportInput> current = read_report_inputs(options.files, in);
    const std::vector<ReportInput> baseline = read_report_inputs(options.baseline_files, in);
    std::vector<ReportInput> both = current;
    both.insert(both.end(), baseline.begin(), baseline.end());
    EvidenceOptions evidence;
    evidence.intensity = rules.intensity;
    evidence.clock = clock_for(both);
    evidence.seed = options.standard.seed;

    GateInputs inputs;
    inputs.current = joined(options.files);
    const bool has_baseline = !options.baseline_files.empty() || !options.baseline_history.empty();
    if (!has_baseline) {
        if (std::none_of(current.begin(), current.end(), is_interleaved)) {
            throw UsageError(
                "--gate: no baseline; give --baseline FILE, --baseline-history FILE, or samples of two models");
        }
        inputs.sides = interleaved_evidence(current, options.files, evidence);
        inputs.baseline = inputs.sides.baseline.front().model;
        inputs.current = inputs.sides.current.front().model;
        return inputs;
    }
    inputs.sides.current = all_evidence(current, options.files, evidence);
    if (options.baseline_history.empty()) {
        inputs.sides.baseline = all_evidence(baseline, options.baseline_files, evidence);
        inputs.baseline = joined(options.baseline_files);
        return inputs;
    }
    check_history_name(options.baseline_history);
    const History history = read_history(read_input(options.baseline_history, in), options.baseline_history);
    inputs.notes = history.remarks;
    inputs.sides.baseline = last_of_history(history, options.last, inputs.sides.current.front().kind);
    inputs.sides.baseline_spans_sessions = true;
    inputs.baseline = fmt::format("the last {} of {}", inputs.sides.baseline.size(), options.baseline_history);
    return inputs;
}

std::string render_verdict(const GateVerdict& verdict, const ReportOptions& options) {
    if (options.standard.format == "junit") return gate_junit(verdict, options.inconclusive);
    if (options.standard.format == "github-benchmark") return gate_as_github_benchmark(verdict);
    if (options.standard.format == "bencher") return gate_as_bencher(verdict);
    if (options.standard.format == "markdown" && !options.table && !options.picture) return gate_markdown(verdict);
    const bool for_people = !options.standard.format.starts_with("json") && options.standard.format != "csv";
    return render_report(gate_document(verdict, for_people), options.standard,
                         {options.table, options.picture, options.plot, options.width},
                         [&] { return std::vector<Picture>{gate_picture(verdict)}; });
}

}  // namespace

ExitStatus gate_command(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
    check_allowed(options.allowed);
    check_given_once(options.files);
    check_given_once(options.baseline_files);
    const GateRules rules = read_gate_rules(read_input(options.gate, in), options.gate);
    const GateInputs inputs = read_gate_inputs(options, rules, in);
    GateVerdict verdict = judge(inputs.sides, rules, {options.allowed, options.standard.seed});
    verdict.baseline = inputs.baseline;
    verdict.current = inputs.current;
    verdict.notes.insert(verdict.notes.end(), inputs.notes.begin(), inputs.notes.end());

    write_output(options.standard.output, options.standard.overwrite, render_verdict(verdict, options), out);
    const ExitStatus status = gate_exit_status(verdict.outcome, options.inconclusive);
    if (!options.standard.quiet && status != ExitStatus::kOk) {
        err << fmt::format("carbonedge-report: {}\n", gate_headline(verdict));
    }
    return status;
}

}  // namespace carbonedge
