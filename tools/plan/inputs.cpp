#include "tools/plan/inputs.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/carbon/cluster_intensity.h"
#include "lib/cluster/cluster_file.h"
#include "lib/cluster/intensity_notes.h"
#include "lib/partition/plan_file.h"
#include "lib/profile/profile_file.h"
#include "lib/verify/structure.h"

#include <fmt/format.h>
#include <filesystem>
#include <map>

namespace carbonedge {
namespace {

std::string shown_name(const std::string& path) { return path == "-" ? "standard input" : path; }

/// A profile is CSV that begins with '#' lines, everything else of ours is JSON.
bool is_json(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

void read_reference(const ProblemOptions& options, std::istream& in, PlanningProblem& problem) {
    const std::string text = read_input(options.input, in);
    const std::string name = shown_name(options.input);
    if (!is_json(text)) {
        const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
        if (options.keep_cuts && blank) throw InputError(name, 0, "is empty; expected a partition");
        if (options.keep_cuts) throw UsageError("--keep-cuts: " + name + " is a profile, which has no cuts to keep");
        problem.profiles.push_back(read_profile(text, name));
        return;
    }
    const std::string schema = schema_of(text);
    if (!schema.starts_with("carbonedge.partition/")) {
        throw InputError(name, 1,
                         fmt::format("expected a profile or a partition, this is {}",
                                     schema.empty() ? "JSON without a schema" : schema));
    }
    const Partition partition = read_partition(text, name);
    problem.profiles.push_back(partition.profile);
    if (!options.keep_cuts) return;
    problem.given_cuts.emplace();
    for (std::size_t s = 1; s < partition.stages.size(); ++s) problem.given_cuts->push_back(partition.stages[s].first);
}

/// node name -> path of its own profile.
std::map<std::string, std::string> own_profiles(const ProblemOptions& options, const Cluster& cluster) {
    std::map<std::string, std::string> paths;
    const std::filesystem::path folder = std::filesystem::path(options.cluster).parent_path();
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) {
        names.push_back(node.name);
        if (!node.profile.empty()) paths[node.name] = (folder / node.profile).string();
    }
    for (const auto& [node, path] : options.node_profiles) {
        if (!find_node(cluster, node)) throw UsageError("--node-profile: " + unknown_name_message("node", node, names));
        paths[node] = path;
    }
    return paths;
}

/// Where the cluster file names intensities instead of stating them.
IntensityResolver resolver_of(const std::string& cluster, const NamedIntensityOptions& options, std::istream& in) {
    IntensityInputs inputs;
    inputs.folder = std::filesystem::path(cluster).parent_path().string();
    inputs.read = [&in](const std::string& path) { return read_input(path, in); };
    inputs.countries = options.country_table.empty()
                           ? built_in_countries()
                           : read_country_table(read_input(options.country_table, in), options.country_table);
    return intensity_resolver(options.moment, std::move(inputs));
}

}  // namespace

Cluster read_cluster_with_intensities(const std::string& path, const NamedIntensityOptions& options, std::istream& in) {
    if (options.moment.window && !options.moment.at)
        throw UsageError("--window: from when is not said, expected it beside a time such as --at 2023-07-01T12:00Z");
    Cluster cluster = read_cluster(read_input(path, in), shown_name(path), resolver_of(path, options, in));
    if (const auto mixed = mixed_intensities(cluster)) throw InputError(shown_name(path), 0, *mixed);
    return cluster;
}

PlanningProblem read_planning_problem(const ProblemOptions& options, std::istream& in) {
    PlanningProblem problem;
    read_reference(options, in, problem);
    problem.cluster = read_cluster_with_intensities(options.cluster, options.intensities, in);
    if (options.idle) problem.cluster.idle_policy = *options.idle;
    const std::map<std::string, std::string> paths = own_profiles(options, problem.cluster);
    std::map<std::string, int> read;  // nodes of one kind share a profile
    const auto is_reference = [&options](const std::string& path) {
        return options.input != "-" && path != "-" &&
               std::filesystem::path(path).lexically_normal() ==
                   std::filesystem::path(options.input).lexically_normal();
    };
    for (Node& node : problem.cluster.nodes) {
        const auto own = paths.find(node.name);
        if (own == paths.end()) {
            problem.node_profile.push_back(0);
            continue;
        }
        if (is_reference(own->second)) {
            problem.node_profile.push_back(0);
            continue;
        }
        if (read.count(own->second) == 0) {
            problem.profiles.push_back(read_profile(read_input(own->second, in), shown_name(own->second)));
            read[own->second] = static_cast<int>(problem.profiles.size()) - 1;
        }
        problem.node_profile.push_back(read[own->second]);
    }
    problem.objective = options.objective.value_or(Objective::kCarbon);
    problem.carbon_weight = options.carbon_weight;
    problem.limits = options.limits;
    if (options.work_limit) problem.caps.labels = *options.work_limit;
    return problem;
}

Plan read_sound_plan(const std::string& path, std::istream& in) {
    Plan plan = read_plan(read_input(path, in), shown_name(path));
    const std::vector<std::string> breaches = structure_breaches(plan);
    if (!breaches.empty()) throw InputError(shown_name(path), 0, breaches.front());
    return plan;
}

}  // namespace carbonedge
