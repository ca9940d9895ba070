#pragma once

#include "lib/base/errors.h"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Becomes the program of the tool that `words` (the command line without the program's name) begin with, and then does
/// not return; or prints help or the version to `out`. Throws UsageError for an unknown tool or option,
/// EnvironmentError where the tool's program cannot be started.
ExitStatus dispatch(const std::vector<std::string>& words, std::string_view page, std::ostream& out);

}  // namespace carbonedge
