#pragma once

#include "tools/cli/option_values.h"

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// The command line of `carbonedge-plan explain`.
struct ExplainOptions {
    StandardOptions standard;
    std::string input;  ///< a plan
    std::optional<std::string> table;
    std::size_t width = 0;
};

/// False: help or version was printed. `argv` starts at the word "explain". Throws UsageError.
bool parse_explain_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                           std::ostream& err, ExplainOptions& options);

}  // namespace carbonedge
