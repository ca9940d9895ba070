#include "tools/plan/problem_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/text_options.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>

namespace carbonedge {
namespace {

/// LAYER=NODE at the last '=', since a layer's name may hold one.
std::pair<std::string, std::string> layer_assignment(const std::string& option, const std::string& text,
                                                     const std::string& form) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
        throw UsageError(fmt::format("{}: '{}' is not of the form {}", option, text, form));
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

double rate_per_second(const std::string& text) {
    if (!text.ends_with("/s")) {
        throw UsageError(
            fmt::format("--min-throughput: '{}' has no unit, expected requests per second such as 20/s", text));
    }
    const double rate = parse_number(text.substr(0, text.size() - 2), "--min-throughput");
    if (!(rate > 0)) throw UsageError(fmt::format("--min-throughput: '{}' is not above 0", text));
    return rate;
}

std::size_t count_of(const std::string& option, const std::string& text) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value == 0) {
        throw UsageError(fmt::format("{}: '{}' is not a whole number of at least 1", option, text));
    }
    return value;
}

double weight(const std::string& text) {
    const double value = parse_number(text, "--carbon-weight");
    if (value > 1) throw UsageError(fmt::format("--carbon-weight: '{}' is not within 0 to 1", text));
    return value;
}

Nanoseconds positive_time(const std::string& text, const std::string& option) {
    const Nanoseconds time = parse_duration(text, option);
    if (time.count() == 0) throw UsageError(fmt::format("{}: '{}' is not above 0", option, text));
    return time;
}

}  // namespace

void add_goal_options(CLI::App& app, ProblemOptions& options) {
    add_text_option(app, "--minimize", "carbon, energy, latency, bottleneck or score", "carbon",
                    [&options](const std::string& text) {
                        const std::vector<std::string> names{"carbon", "energy", "latency", "bottleneck", "score"};
                        options.objective = static_cast<Objective>(choose("--minimize", "objective", text, names));
                    });
    add_text_option(app, "--carbon-weight", "weight of carbon in the score, 0 to 1; latency has the rest", "0.5",
                    [&options](const std::string& text) { options.carbon_weight = weight(text); });
    add_text_option(app, "--slo", "limit of the mean latency, such as 60ms", "", [&options](const std::string& text) {
        options.limits.latency_mean = positive_time(text, "--slo");
    });
    add_text_option(
        app, "--slo-p95", "limit of the 95th percentile, such as 120ms", "",
        [&options](const std::string& text) { options.limits.latency_p95 = positive_time(text, "--slo-p95"); });
    add_text_option(
        app, "--min-throughput", "least requests per second with many in flight, such as 20/s", "",
        [&options](const std::string& text) { options.limits.throughput_per_second = rate_per_second(text); });
    add_text_option(app, "--max-nodes", "use at most so many nodes", "",
                    [&options](const std::string& text) { options.limits.max_nodes = count_of("--max-nodes", text); });
    add_list_option(app, "--pin", "run this layer on this node; may be repeated", "LAYER=NODE",
                    [&options](const std::string& text) {
                        options.limits.pinned.push_back(layer_assignment("--pin", text, "LAYER=NODE"));
                    });
    add_list_option(app, "--forbid", "do not run this layer (or '*') on this node; may be repeated", "LAYER=NODE",
                    [&options](const std::string& text) {
                        options.limits.forbidden.push_back(layer_assignment("--forbid", text, "LAYER=NODE"));
                    });
}

void add_moment_options(CLI::App& app, NamedIntensityOptions& options) {
    IntensityMoment& moment = options.moment;
    add_text_option(
        app, "--at", "when intensities from a series are to hold (UTC), or now", "", [&](const std::string& text) {
            options.given = true;
            moment.at = parse_utc(text);
            if (text == "now") moment.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
            if (!moment.at)
                throw UsageError(
                    fmt::format("--at: '{}' is no time, expected one such as 2023-07-01T12:00Z, or now", text));
        });
    add_text_option(app, "--window", "take the mean over this long from --at on, such as 4h", "the moment",
                    [&](const std::string& text) {
                        options.given = true;
                        moment.window =
                            std::chrono::duration_cast<std::chrono::seconds>(positive_time(text, "--window"));
                        if (moment.window->count() == 0)
                            throw UsageError(fmt::format("--window: '{}' is shorter than a second", text));
                    });
    add_text_option(app, "--gap", "in a gap of a series: error, hold or interpolate", "error",
                    [&](const std::string& text) {
                        options.given = true;
                        moment.policy.gap =
                            static_cast<GapPolicy>(choose("--gap", "policy", text, {"error", "hold", "interpolate"}));
                    });
    add_text_option(app, "--beyond", "before or after a series: error or hold", "error", [&](const std::string& text) {
        options.given = true;
        moment.policy.out_of_range =
            static_cast<OutOfRangePolicy>(choose("--beyond", "policy", text, {"error", "hold"}));
    });
    app.add_option_function<std::string>(
           "--country-table",
           [&options](const std::string& path) {
               options.given = true;
               options.country_table = path;
           },
           "yearly means of countries, instead of the built-in table")
        ->type_name("FILE");
}

void add_effort_options(CLI::App& app, ProblemOptions& options) {
    add_text_option(app, "--time-limit", "stop searching then, with the best plan and its gap, such as 2s", "",
                    [&options](const std::string& text) { options.time_limit = positive_time(text, "--time-limit"); });
    add_text_option(app, "--work-limit", "stop after so many partial plans: the same on every machine", "4000000",
                    [&options](const std::string& text) { options.work_limit = count_of("--work-limit", text); });
}

std::function<bool()> deadline_of(const ProblemOptions& options) {
    if (!options.time_limit) return {};
    const auto end = std::chrono::steady_clock::now() + *options.time_limit;
    return [end] { return std::chrono::steady_clock::now() >= end; };
}

void add_cluster_options(CLI::App& app, ProblemOptions& options) {
    app.add_option("--cluster", options.cluster, "nodes, links and their intensities")->type_name("FILE");
    add_list_option(app, "--node-profile", "profile of the model on this node; may be repeated", "NODE=FILE",
                    [&options](const std::string& text) {
                        const std::size_t equals = text.find('=');
                        if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
                            throw UsageError(fmt::format("--node-profile: '{}' is not of the form NODE=FILE", text));
                        }
                        options.node_profiles.emplace_back(text.substr(0, equals), text.substr(equals + 1));
                    });
    add_text_option(app, "--idle", "idle power counted: none, attributed or full", "the cluster's",
                    [&options](const std::string& text) {
                        options.idle = static_cast<IdlePolicy>(
                            choose("--idle", "idle policy", text, {"none", "attributed", "full"}));
                    });
}

void add_input_options(CLI::App& app, ProblemOptions& options) {
    app.add_option("input", options.input, "profile or partition, - for standard input")->type_name("FILE");
    add_cluster_options(app, options);
}

}  // namespace carbonedge
