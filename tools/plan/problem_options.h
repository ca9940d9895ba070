#pragma once

#include "lib/carbon/cluster_intensity.h"
#include "lib/partition/plan.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace carbonedge {

/// By what the intensities that a cluster file names are looked up.
struct NamedIntensityOptions {
    IntensityMoment moment;     ///< when they are to hold
    std::string country_table;  ///< path; "" the built-in one
    bool given = false;         ///< whether any of these options was typed
};

/// What every verb of carbonedge-plan that solves a problem takes: its files, its goal and its limits.
struct ProblemOptions {
    std::string input;    ///< path of a profile or partition
    std::string cluster;  ///< path
    NamedIntensityOptions intensities;
    std::optional<Objective> objective;
    double carbon_weight = 0.5;
    Limits limits;
    bool keep_cuts = false;  ///< only where a verb offers it
    std::optional<IdlePolicy> idle;
    std::vector<std::pair<std::string, std::string>> node_profiles;  ///< node, path
    std::optional<Nanoseconds> time_limit;                           ///< of the search
    std::optional<std::size_t> work_limit;                           ///< partial plans
};

/// --cluster, --node-profile, --idle.
void add_cluster_options(CLI::App& app, ProblemOptions& options);
/// FILE and the same.
void add_input_options(CLI::App& app, ProblemOptions& options);
/// --at, --window, --gap, --beyond and --country-table: what intensities that the cluster file names are taken by.
void add_moment_options(CLI::App& app, NamedIntensityOptions& options);
/// --minimize, --carbon-weight and every limit.
void add_goal_options(CLI::App& app, ProblemOptions& options);

/// --time-limit and --work-limit.
void add_effort_options(CLI::App& app, ProblemOptions& options);
/// Ends a search when the time limit has passed, counted from this call; empty where there is none.
std::function<bool()> deadline_of(const ProblemOptions& options);

}  // namespace carbonedge
