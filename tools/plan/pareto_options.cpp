#include "tools/plan/pareto_options.h"

#include "lib/base/errors.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

bool parse_pareto_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ParetoOptions& options) {
    CLI::App app("Finds every plan that no other beats in latency and carbon.", "carbonedge-plan pareto");
    add_input_options(app, options.problem);
    add_moment_options(app, options.problem.intensities);
    add_goal_options(app, options.problem);
    add_effort_options(app, options.problem);
    app.add_flag("--keep-cuts", options.problem.keep_cuts, "keep the stages of the partition, choose only their nodes");
    app.add_flag("--throughput", options.throughput, "throughput is a third thing that plans may be best in");
    app.add_option("--plans", options.plans, "also write a plan file a point into this folder")->type_name("DIR");
    app.add_option("--table", options.table, "print this table alone: summary, front, curve");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.problem.input.empty()) throw UsageError("no profile or partition given, see -h");
    if (options.problem.cluster.empty()) throw UsageError("no cluster given, expected --cluster FILE");
    require_with(app, "--carbon-weight", false, "a score, which a front does not have (see 'plan sweep')");
    require_with(app, "--width", is_prose(options.standard), "--format text or markdown");
    const Objective objective = options.problem.objective.value_or(Objective::kCarbon);
    if (objective != Objective::kCarbon && objective != Objective::kEnergy) {
        throw UsageError("--minimize: a front trades latency against carbon or energy");
    }
    return true;
}

}  // namespace carbonedge
