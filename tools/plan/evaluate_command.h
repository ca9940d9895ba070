#pragma once

#include "lib/base/errors.h"
#include "tools/plan/options.h"

#include <iosfwd>

namespace carbonedge {

/// Prints what a pipeline of the user's would cost under a plan's objective, and the limits that it breaks;
/// kNegativeVerdict where it breaks any.
ExitStatus evaluate_command(const PlanOptions& options, std::istream& in, std::ostream& out);

}  // namespace carbonedge
