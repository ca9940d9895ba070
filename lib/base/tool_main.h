#pragma once

#include "lib/base/errors.h"

#include <functional>
#include <iosfwd>
#include <string_view>

namespace carbonedge {

/// Runs a tool's body and turns every exception into one line on `err` ("carbonedge-plan: error: ...") and its status:
/// UsageError 2, InputError and EnvironmentError 4, Interrupted 130, anything else 4 marked as an internal error.
/// The only place that catches.
int tool_main(std::string_view program, std::ostream& err, const std::function<ExitStatus()>& body);

}  // namespace carbonedge
