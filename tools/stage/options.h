#pragma once

#include "tools/cli/option_values.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of carbonedge-stage. Defaults are those of the page.
struct StageOptions {
    StandardOptions standard;
    std::string stages;  ///< a partition or a plan
    std::string model;
    std::string emit;  ///< folder
    bool verify = true;
};

/// False: help or version was printed. Throws UsageError.
bool parse_stage_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         StageOptions& options);

}  // namespace carbonedge
