#pragma once

#include "lib/base/errors.h"
#include "tools/plan/options.h"

#include <iosfwd>

namespace carbonedge {

/// Recomputes a plan and prints what does not hold, one line each; kNegativeVerdict where there is any.
ExitStatus verify_command(const PlanOptions& options, std::istream& in, std::ostream& out);

}  // namespace carbonedge
