#include "tools/plan/sweep_options.h"

#include "lib/base/errors.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

bool parse_sweep_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         SweepOptions& options) {
    CLI::App app("Walks the weight of carbon from 0 to 1 and shows where decisions switch.", "carbonedge-plan sweep");
    add_input_options(app, options.problem);
    add_moment_options(app, options.problem.intensities);
    add_goal_options(app, options.problem);
    add_effort_options(app, options.problem);
    app.add_flag("--keep-cuts", options.problem.keep_cuts, "keep the stages of the partition, choose only their nodes");
    app.add_option("--table", options.table, "print this table alone: summary, exact, selection");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.problem.input.empty()) throw UsageError("no profile or partition given, see -h");
    if (options.problem.cluster.empty()) throw UsageError("no cluster given, expected --cluster FILE");
    require_with(app, "--carbon-weight", false, "a score of one weight: a sweep walks all of them");
    require_with(app, "--width", is_prose(options.standard), "--format text or markdown");
    if (options.problem.objective.value_or(Objective::kScore) != Objective::kScore) {
        throw UsageError("--minimize: a sweep walks the weight of the score");
    }
    return true;
}

}  // namespace carbonedge
