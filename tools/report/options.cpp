#include "tools/report/options.h"

#include "lib/base/errors.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

std::optional<ReportOptions> parse_report_options(int argc, const char* const* argv, std::string_view page,
                                                  std::ostream& out, std::ostream& err) {
    ReportOptions options;
    CLI::App app("Prints what plans predict and runs recorded, and compares them.", "carbonedge-report");
    app.add_option("FILE", options.files, "plans and runs, or one profile or partition; '-' is standard input");
    app.add_option("--baseline", options.baseline, "policy that differences are taken to");
    app.add_option("--allow-mixed", options.allowed_mixed, "compare though these aspects differ (comma-separated)")
        ->delimiter(',');
    app.add_option("--table", options.table, "print this table alone");
    app.add_option("--picture", options.picture, "show this picture alone (text, csv: its numbers, svg, png)");
    app.add_option("--front", options.front, "CSV of 'plan pareto', drawn in the picture tradeoff");
    app.add_flag("--plot", options.plot, "text: with the pictures, in characters");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_seed_option(app, options.standard);
    add_format_option(app, options.standard, {"text", "csv", "json", "markdown", "html", "svg", "png"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return std::nullopt;
    if (options.files.empty()) throw UsageError("no file is given, see -h");
    return options;
}

}  // namespace carbonedge
