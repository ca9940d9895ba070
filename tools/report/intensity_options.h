#pragma once

#include "lib/carbon/intensity_fetch.h"
#include "tools/cli/option_values.h"
#include "tools/cli/service_secret.h"

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The command line of `carbonedge-report intensity`.
struct IntensityOptions {
    StandardOptions standard;
    std::string file;                    ///< a series; "" when a service or the table of countries is asked
    std::vector<std::string> countries;  ///< codes: describe their yearly means
    bool all_countries = false;          ///< ... of all
    std::string country_table;           ///< path; "" the built-in one
    std::optional<IntensityService> service;
    IntensityQuery query;  ///< choice holds for files too
    SecretOptions secret;
    std::string cache_folder;
    std::chrono::milliseconds timeout{20'000};  ///< of one answer
    int attempts = 4;
    std::string save;  ///< where the series is also written as carbonedge.intensity/1; "" nowhere
    SeriesPolicy policy;
    std::chrono::seconds window{std::chrono::hours(4)};
    std::optional<std::string> table;
    std::vector<std::string> runs;  ///< run logs whose starts are drawn as decisions
    bool plot = false;              ///< text with the picture in characters
    std::size_t width = 0;
};

/// False: help or version was printed. `argv` starts at the word "intensity". Throws UsageError.
bool parse_intensity_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                             std::ostream& err, IntensityOptions& options);

}  // namespace carbonedge
