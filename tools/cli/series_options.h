#pragma once

#include "tools/cli/series_option_values.h"

#include <CLI/CLI.hpp>

#include <string>

namespace carbonedge {

/// --series, --scope, --signal and --from, the last with the description given.
void add_series_options(CLI::App& app, SeriesOptions& options, const std::string& from_description,
                        const std::string& from_default);

}  // namespace carbonedge
