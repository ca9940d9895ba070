#pragma once

#include "lib/cluster/cluster.h"
#include "tools/cli/option_values.h"
#include "tools/plan/problem_options.h"

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbonedge {

/// One model of a fleet as typed.
struct FleetModelOptions {
    std::string name;
    std::string profile;  ///< path
    double rate_per_second = 1;
    std::optional<Nanoseconds> latency_mean;
};

/// The command line of `carbonedge-plan fleet`.
struct FleetOptions {
    StandardOptions standard;
    std::vector<FleetModelOptions> models;
    std::string cluster;  ///< path
    NamedIntensityOptions intensities;
    double max_load = 0.8;
    std::optional<IdlePolicy> idle;
    std::vector<std::pair<std::string, std::string>> node_profiles;  ///< node, path
    std::string plans;                                               ///< folder for a plan file a model; "" none
};

/// False: help or version was printed. `argv` starts at the word "fleet". Throws UsageError.
bool parse_fleet_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         FleetOptions& options);

}  // namespace carbonedge
