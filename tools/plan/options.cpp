#include "tools/plan/options.h"

#include "lib/base/errors.h"
#include "lib/planner/policies.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace carbonedge {
namespace {

void read_policy(const std::string& text, PlanOptions& options) {
    if (text != "exact") parse_policy(text, "", "", 0);  // for its error alone: mode and seed may come later
    options.policy = text;
}

void add_policy_options(CLI::App& app, PlanOptions& options) {
    add_text_option(app, "--policy", fmt::format("exact, or for comparison: {}", fmt::join(policy_names(), ", ")),
                    "exact", [&options](const std::string& text) { read_policy(text, options); });
    add_text_option(app, "--mode", "weights of node selection: performance, balanced or green", "green",
                    [&options](const std::string& text) {
                        choose("--mode", "mode", text, {"performance", "balanced", "green"});
                        options.mode = text;
                    });
    add_text_option(app, "--variant", "score of node selection: paper, si or minmax", "minmax",
                    [&options](const std::string& text) {
                        choose("--variant", "variant", text, {"paper", "si", "minmax"});
                        options.variant = text;
                    });
}

void check_effects(const CLI::App& app, const PlanOptions& options) {
    const bool exact = options.policy == "exact";
    const bool selection = options.policy == "node-selection";
    require_with(app, "--carbon-weight", options.objective == Objective::kScore, "--minimize score");
    require_with(app, "--mode", selection, "--policy node-selection");
    require_with(app, "--variant", selection, "--policy node-selection");
    require_with(app, "--seed", options.policy == "random", "--policy random");
    for (const char* option : {"--time-limit", "--work-limit", "--keep-cuts"}) {
        require_with(app, option, exact, "the exact planner, whose --policy is exact");
    }
}

void check(const PlanOptions& options) {
    if (options.input.empty()) throw UsageError("no profile, partition or plan given, see -h");
    if (options.verb == PlanOptions::Verb::kPlan && options.cluster.empty()) {
        throw UsageError("no cluster given, expected --cluster FILE");
    }
}

}  // namespace

bool parse_plan_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                        PlanOptions& options) {
    CLI::App app("Choose cuts and nodes.", "carbonedge-plan");
    add_input_options(app, options);
    add_moment_options(app, options.intensities);
    app.add_option("--name", options.name, "name of the plan in tables")->default_str("from the policy");
    add_goal_options(app, options);
    app.add_flag("--keep-cuts", options.keep_cuts, "keep the stages of the partition, choose only their nodes");
    add_effort_options(app, options);
    add_policy_options(app, options);
    add_seed_option(app, options.standard);
    add_standard_options(app, options.standard);
    app.require_subcommand(0, 1);

    CLI::App* verify = app.add_subcommand("verify", "recompute a plan and say whether it is what it claims");
    verify->add_option("plan", options.input, "plan, - for standard input")->type_name("FILE");
    verify->parse_complete_callback([&options] { options.verb = PlanOptions::Verb::kVerify; });
    add_standard_options(*verify, options.standard);

    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    check(options);
    check_effects(app, options);
    return true;
}

}  // namespace carbonedge
