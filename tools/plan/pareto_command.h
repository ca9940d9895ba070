#pragma once

#include "lib/base/errors.h"
#include "tools/plan/pareto_options.h"

#include <iosfwd>

namespace carbonedge {

/// Finds the front, has every point recomputed by lib/verify, writes it and, with --plans, a plan file a point.
ExitStatus pareto_command(const ParetoOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
