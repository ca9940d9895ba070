#include "tools/plan/compare_options.h"

#include "lib/base/errors.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"

namespace carbonedge {

bool parse_compare_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, CompareOptions& options) {
    CLI::App app("Set every policy beside the best plan.", "carbonedge-plan compare");
    add_input_options(app, options);
    add_moment_options(app, options.intensities);
    add_goal_options(app, options);
    add_effort_options(app, options);
    add_text_option(app, "--mode", "weights of node selection: performance, balanced or green", "green",
                    [&options](const std::string& text) {
                        choose("--mode", "mode", text, {"performance", "balanced", "green"});
                        options.mode = text;
                    });
    add_seed_option(app, options.standard);
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no profile or partition given, see -h");
    if (options.cluster.empty()) throw UsageError("no cluster given, expected --cluster FILE");
    require_with(app, "--carbon-weight", options.objective == Objective::kScore, "--minimize score");
    return true;
}

}  // namespace carbonedge
