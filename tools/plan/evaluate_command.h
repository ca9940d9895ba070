#pragma once

#include "lib/base/errors.h"
#include "tools/plan/evaluate_options.h"

#include <iosfwd>

namespace carbonedge {

/// Recomputes a plan by lib/verify alone and says what it costs and the limits that it breaks. Ends with 1 where it
/// breaks one, and where a foreign plan is an empty one.
ExitStatus evaluate_command(const EvaluateOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
