#include "tools/plan/fleet_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"
#include "tools/plan/problem_options.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

FleetModelOptions& model_named(FleetOptions& options, const std::string& option, const std::string& name) {
    std::vector<std::string> names;
    for (FleetModelOptions& model : options.models) {
        if (model.name == name) return model;
        names.push_back(model.name);
    }
    throw UsageError(option + ": " + unknown_name_message("model", name, names));
}

void add_models(const std::vector<std::string>& words, FleetOptions& options) {
    for (const std::string& word : words) {
        const auto [name, path] = assignment("model", word, "NAME=FILE");
        if (name.find('/') != std::string::npos || name == "." || name == "..") {
            throw UsageError(fmt::format("model: '{}' is no name for a model, it becomes part of a file's name", name));
        }
        if (std::any_of(options.models.begin(), options.models.end(),
                        [&](const FleetModelOptions& model) { return model.name == name; })) {
            throw UsageError(fmt::format("model: '{}' is named twice", name));
        }
        options.models.push_back({name, path, 1, std::nullopt});
    }
    if (options.models.empty()) throw UsageError("no model given, expected NAME=FILE, see -h");
}

void set_rate(const std::string& text, FleetOptions& options) {
    const auto [name, rate] = assignment("--rate", text, "NAME=RATE");
    if (!rate.ends_with("/s")) {
        throw UsageError(fmt::format("--rate: '{}' has no unit, expected requests per second such as 20/s", rate));
    }
    double& value = model_named(options, "--rate", name).rate_per_second;
    value = parse_number(rate.substr(0, rate.size() - 2), "--rate");
    if (!(value > 0)) throw UsageError(fmt::format("--rate: '{}' is not above 0", rate));
}

void set_limit(const std::string& text, FleetOptions& options) {
    const auto [name, limit] = assignment("--slo", text, "NAME=TIME");
    const Nanoseconds time = parse_duration(limit, "--slo");
    if (time.count() == 0) throw UsageError(fmt::format("--slo: '{}' is not above 0", limit));
    model_named(options, "--slo", name).latency_mean = time;
}

}  // namespace

bool parse_fleet_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         FleetOptions& options) {
    std::vector<std::string> models;
    std::vector<std::string> rates;
    std::vector<std::string> limits;
    CLI::App app("Places several models on one cluster, emitting the least together.", "carbonedge-plan fleet");
    app.add_option("MODELS", models, "NAME=FILE for each model, FILE its profile");
    app.add_option("--cluster", options.cluster, "nodes, links, intensities and limits of memory")->type_name("FILE");
    add_list_option(app, "--rate", "requests of a model, such as 20/s; 1/s where not given", "NAME=RATE",
                    [&](const std::string& text) { rates.push_back(text); });
    add_list_option(app, "--slo", "limit of a model's mean latency, such as 60ms", "NAME=TIME",
                    [&](const std::string& text) { limits.push_back(text); });
    add_text_option(app, "--max-load", "share of each node's cpus that requests may take", "0.8",
                    [&](const std::string& text) {
                        options.max_load = parse_number(text, "--max-load");
                        if (!(options.max_load > 0 && options.max_load <= 1)) {
                            throw UsageError(fmt::format("--max-load: '{}' is not above 0 and at most 1", text));
                        }
                    });
    add_list_option(app, "--node-profile", "profile measured on that node, of whichever model it is", "NODE=FILE",
                    [&](const std::string& text) {
                        options.node_profiles.push_back(assignment("--node-profile", text, "NODE=FILE"));
                    });
    add_text_option(
        app, "--idle", "idle power counted: none or attributed", "the cluster's", [&](const std::string& text) {
            options.idle = static_cast<IdlePolicy>(choose("--idle", "idle policy", text, {"none", "attributed"}));
        });
    add_moment_options(app, options.intensities);
    app.add_option("--plans", options.plans, "also write NAME.plan.json for each model into this folder")
        ->type_name("DIR");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    add_models(models, options);
    for (const std::string& rate : rates) set_rate(rate, options);
    for (const std::string& limit : limits) set_limit(limit, options);
    if (options.cluster.empty()) throw UsageError("no cluster given, expected --cluster FILE");
    return true;
}

}  // namespace carbonedge
