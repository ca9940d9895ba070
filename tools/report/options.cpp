#include "tools/report/options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

#include <algorithm>

namespace carbonedge {
namespace {

bool asks_for_gate(int argc, const char* const* argv) {
    return std::any_of(argv, argv + argc,
                       [](std::string_view word) { return word == "--gate" || word.starts_with("--gate="); });
}

/// With --gate, --baseline takes files, several after one another; without, the name of a policy.
void add_baseline_option(CLI::App& app, ReportOptions& options, bool gate) {
    if (gate) {
        app.add_option("--baseline", options.baseline_files, "files that the others are held against")->take_all();
    } else {
        app.add_option("--baseline", options.baseline, "policy that differences are taken to; with --gate: files");
    }
}

InconclusivePolicy parse_inconclusive(const std::string& word) {
    if (word == "report") return InconclusivePolicy::kReport;
    if (word == "pass") return InconclusivePolicy::kPass;
    if (word == "fail") return InconclusivePolicy::kFail;
    const std::vector<std::string> names{"report", "pass", "fail"};
    throw UsageError("--inconclusive: " + unknown_name_message("value", word, names));
}

void add_gate_options(CLI::App& app, ReportOptions& options) {
    app.add_option("--gate", options.gate, "judge the files against --baseline by the limits in this file");
    app.add_option("--baseline-history", options.baseline_history, "the baseline is the last of this history");
    app.add_option("--last", options.last, "as many of --baseline-history")->capture_default_str();
    app.add_option("--allow", options.allowed, "judge though the sides differ in these aspects (comma-separated)")
        ->delimiter(',');
    app.add_option_function<std::string>(
           "--inconclusive", [&options](const std::string& word) { options.inconclusive = parse_inconclusive(word); },
           "status of an inconclusive verdict: report (3), pass (0) or fail (1)")
        ->default_str("report");
    app.add_option("--history", options.history, "append the files to this history; without files: show it");
    app.add_option("--commit", options.commit, "what the appended line is called");
}

/// Formats of a verdict as a whole.
void check_gate_formats(const ReportOptions& options) {
    const std::string& format = options.standard.format;
    if (format != "junit" && format != "github-benchmark" && format != "bencher") return;
    if (options.gate.empty()) throw UsageError("--format " + format + " belongs to --gate, see -h");
    if (options.table || options.picture) {
        throw UsageError("--format " + format + " holds the whole verdict: --table and --picture do not go with it");
    }
}

void check(const ReportOptions& options) {
    const bool gated = !options.gate.empty();
    if (!gated && (!options.baseline_history.empty() || !options.allowed.empty())) {
        throw UsageError("--baseline-history and --allow belong to --gate, see -h");
    }
    if (!options.baseline_history.empty() && !options.baseline_files.empty()) {
        throw UsageError("give --baseline or --baseline-history, not both");
    }
    check_gate_formats(options);
    if (options.standard.format == "impact-framework" &&
        (gated || !options.history.empty() || options.table || options.picture)) {
        throw UsageError(
            "--format impact-framework makes a manifest of one plan or run: --gate, --history, --table and --picture "
            "do not go with it");
    }
    if (options.last == 0) throw UsageError("--last: '0' is not a whole number of at least 1");
    if (!options.commit.empty() && options.history.empty()) throw UsageError("--commit belongs to --history");
    if (!options.history.empty() && !options.files.empty() && options.commit.empty()) {
        throw UsageError(
            "--history appends a line for a commit: name it, such as --commit $(git rev-parse --short HEAD)");
    }
    if (options.files.empty() && (gated || options.history.empty())) throw UsageError("no file is given, see -h");
}

}  // namespace

std::optional<ReportOptions> parse_report_options(int argc, const char* const* argv, std::string_view page,
                                                  std::ostream& out, std::ostream& err) {
    ReportOptions options;
    CLI::App app("Prints what plans predict and runs recorded, and compares them.", "carbonedge-report");
    app.add_option("FILE", options.files, "plans and runs, or one profile or partition; '-' is standard input");
    add_baseline_option(app, options, asks_for_gate(argc, argv));
    add_gate_options(app, options);
    app.add_option("--allow-mixed", options.allowed_mixed, "compare though these aspects differ (comma-separated)")
        ->delimiter(',');
    app.add_option("--table", options.table, "print this table alone");
    app.add_option("--picture", options.picture, "show this picture alone (text, csv: its numbers, svg, png)");
    app.add_option("--front", options.front, "CSV of 'plan pareto', drawn in the picture tradeoff");
    app.add_flag("--plot", options.plot, "text: with the pictures, in characters");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_seed_option(app, options.standard);
    add_format_option(app, options.standard,
                      {"text", "csv", "json", "jsonl", "markdown", "html", "svg", "png", "junit", "github-benchmark",
                       "bencher", "impact-framework"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return std::nullopt;
    check(options);
    require_with(app, "--last", !options.baseline_history.empty(), "--baseline-history FILE");
    require_with(app, "--inconclusive", !options.gate.empty(), "--gate FILE");
    return options;
}

}  // namespace carbonedge
