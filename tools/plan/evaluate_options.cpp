#include "tools/plan/evaluate_options.h"

#include "lib/base/errors.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"

namespace carbonedge {
namespace {

void check(const EvaluateOptions& options) {
    if (options.subject.empty()) throw UsageError("no plan given, see -h");
    if (options.from.empty()) {
        if (!options.input.empty() || !options.cluster.empty()) {
            throw UsageError("--profile and --cluster are for a plan of another planner; say which with --from");
        }
        return;
    }
    if (!options.pipeline.empty()) throw UsageError("give --pipeline or --from, not both");
    if (options.input.empty()) throw UsageError("--profile is missing: the profile that the foreign plan divides");
    if (options.cluster.empty()) throw UsageError("no cluster given, expected --cluster FILE");
}

}  // namespace

bool parse_evaluate_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                            std::ostream& err, EvaluateOptions& options) {
    CLI::App app("What a plan costs, ours or not, and the limits that it breaks.", "carbonedge-plan evaluate");
    app.add_option("plan", options.subject, "plan, - for standard input")->type_name("FILE");
    app.add_option("--pipeline", options.pipeline, "NODE:FIRST-LAST,... with the numbers of the layers, inclusive")
        ->type_name("STAGES");
    add_text_option(app, "--from", "the plan is not ours: csv (a row a stage) or pipeedge", "",
                    [&options](const std::string& text) {
                        choose("--from", "format", text, {"csv", "pipeedge"});
                        options.from = text;
                    });
    app.add_option("--profile", options.input, "with --from: profile of the model")->type_name("FILE");
    add_cluster_options(app, options);
    add_goal_options(app, options);
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    check(options);
    for (const char* option : {"--node-profile", "--idle", "--minimize", "--slo", "--slo-p95", "--min-throughput",
                               "--max-nodes", "--pin", "--forbid"}) {
        require_with(app, option, !options.from.empty(), "--from FORMAT: a plan of ours brings its own problem");
    }
    require_with(app, "--carbon-weight", options.objective == Objective::kScore, "--minimize score");
    return true;
}

}  // namespace carbonedge
