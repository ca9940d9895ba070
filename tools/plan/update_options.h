#pragma once

#include "lib/tradeoff/replan.h"
#include "tools/cli/option_values.h"
#include "tools/cli/series_option_values.h"
#include "tools/plan/problem_options.h"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbonedge {

/// The command line of `carbonedge-plan update`.
struct UpdateOptions {
    StandardOptions standard;
    std::string input;    ///< the running plan
    std::string cluster;  ///< path; "": the plan's own
    NamedIntensityOptions named_intensities;
    std::vector<std::pair<std::string, CarbonIntensity>> intensities;  ///< node
    std::vector<std::pair<std::string, BytesPerSecond>> bandwidths;    ///< "A.B", or "default"
    SeriesOptions series;
    std::chrono::seconds step{3600};
    std::size_t steps = 24;
    MovePolicy policy;
    bool rate_given = false;
    std::string plan;  ///< where the new plan goes; "" nowhere
    std::string name;
    std::optional<std::string> table;
    std::size_t width = 0;
};

/// False: help or version was printed. `argv` starts at the word "update". Throws UsageError.
bool parse_update_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, UpdateOptions& options);

}  // namespace carbonedge
