#pragma once

#include "tools/cli/option_values.h"
#include "tools/plan/problem_options.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan compare`. Defaults are those of the page.
struct CompareOptions : ProblemOptions {
    StandardOptions standard;
    std::string mode = "green";
};

/// False: help or version was printed. Throws UsageError.
bool parse_compare_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, CompareOptions& options);

}  // namespace carbonedge
