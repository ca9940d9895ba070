#pragma once

#include "tools/cli/option_values.h"
#include "tools/plan/problem_options.h"

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan sweep`.
struct SweepOptions {
    StandardOptions standard;
    ProblemOptions problem;
    std::optional<std::string> table;
    std::size_t width = 0;
};

/// False: help or version was printed. `argv` starts at the word "sweep". Throws UsageError.
bool parse_sweep_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         SweepOptions& options);

}  // namespace carbonedge
