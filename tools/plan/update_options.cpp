#include "tools/plan/update_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/command_line_checks.h"
#include "tools/cli/move_options.h"
#include "tools/cli/series_options.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"
#include "tools/plan/problem_options.h"

#include <fmt/format.h>
#include <charconv>

namespace carbonedge {
namespace {

double rate(const std::string& text) {
    const double value = text.ends_with("/s") ? parse_number(text.substr(0, text.size() - 2), "--rate") : 0.0;
    if (!(value > 0)) {
        throw UsageError(fmt::format("--rate: '{}' is not a rate above 0 such as 20/s", text));
    }
    return value;
}

std::size_t count(const std::string& text) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value == 0 || value > 100'000) {
        throw UsageError(fmt::format("--steps: '{}' is not a whole number from 1 to 100000", text));
    }
    return value;
}

std::chrono::seconds whole_seconds(const std::string& text, const std::string& option) {
    const auto time = std::chrono::duration_cast<std::chrono::seconds>(parse_duration(text, option));
    if (time.count() <= 0) throw UsageError(fmt::format("{}: must be a second or longer, such as 1h", option));
    return time;
}

void add_change_options(CLI::App& app, UpdateOptions& options) {
    add_list_option(app, "--intensity", "intensity of a node from now on; may be repeated", "NODE=INTENSITY",
                    [&options](const std::string& text) {
                        const auto [node, value] = assignment("--intensity", text, "NODE=530g/kWh");
                        options.intensities.emplace_back(node, parse_intensity(value, "--intensity " + node));
                    });
    add_list_option(app, "--bandwidth", "bandwidth of a link from now on; may be repeated", "A.B=BANDWIDTH",
                    [&options](const std::string& text) {
                        const auto [link, value] = assignment("--bandwidth", text, "A.B=100Mbit/s");
                        options.bandwidths.emplace_back(link, parse_bandwidth(value, "--bandwidth " + link));
                    });
    add_series_options(app, options.series, "start of the first step, UTC", "the latest start of the series");
    add_text_option(app, "--step", "length of a step", "1h",
                    [&options](const std::string& text) { options.step = whole_seconds(text, "--step"); });
    add_text_option(app, "--steps", "number of steps", "24",
                    [&options](const std::string& text) { options.steps = count(text); });
}

void add_policy_options(CLI::App& app, UpdateOptions& options) {
    add_text_option(app, "--rate", "requests per second that earn the saving, such as 20/s", "one at a time",
                    [&options](const std::string& text) {
                        options.policy.requests_per_second = rate(text);
                        options.rate_given = true;
                    });
    add_move_options(app, options.policy);
}

}  // namespace

bool parse_update_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, UpdateOptions& options) {
    CLI::App app("Decides whether a running plan should move.", "carbonedge-plan update");
    app.add_option("plan", options.input, "the running plan, - for standard input")->type_name("FILE");
    app.add_option("--cluster", options.cluster, "the cluster as it is now; default: the plan's")->type_name("FILE");
    add_moment_options(app, options.named_intensities);
    add_change_options(app, options);
    add_policy_options(app, options);
    app.add_option("--plan", options.plan, "write the new plan here where the verdict is to move")->type_name("FILE");
    app.add_option("--name", options.name, "name of the new plan in tables")->default_str("the running plan's");
    app.add_option("--table", options.table, "print this table alone: decision, changes; with --series totals, steps");
    app.add_option("--width", options.width, "characters a line of text may have (0: the terminal's, else 120)")
        ->capture_default_str();
    add_format_option(app, options.standard, {"text", "csv", "json", "jsonl", "markdown"});
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no plan given, see -h");
    if (!options.series.files.empty() && !options.plan.empty()) {
        throw UsageError("--plan: a series has a plan a step; decide one step with --cluster or --intensity");
    }
    if (options.named_intensities.given && options.cluster.empty()) {
        throw UsageError(
            "--at, --window, --gap, --beyond and --country-table are for the intensities that a cluster file names: "
            "there is no --cluster");
    }
    const bool series = !options.series.files.empty();
    require_with(app, "--step", series, "--series ZONE=FILE");
    require_with(app, "--steps", series, "--series ZONE=FILE");
    require_with(app, "--name", !options.plan.empty(), "--plan FILE, the new plan");
    require_with(app, "--width", is_prose(options.standard), "--format text or markdown");
    if (options.series.from && options.series.files.empty()) throw UsageError("--from: there is no --series to start");
    return true;
}

}  // namespace carbonedge
