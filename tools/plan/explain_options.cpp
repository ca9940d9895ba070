#include "tools/plan/explain_options.h"

#include "lib/base/errors.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

bool parse_explain_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, ExplainOptions& options) {
    CLI::App app("Says what a plan's limits cost, what comes next, and what would change it.",
                 "carbonedge-plan explain");
    app.add_option("plan", options.input, "plan, - for standard input")->type_name("FILE");
    app.add_option("--table", options.table, "print this table alone: decision, limits, alternatives, changes, nodes");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no plan given, see -h");
    require_with(app, "--width", is_prose(options.standard), "--format text or markdown");
    return true;
}

}  // namespace carbonedge
