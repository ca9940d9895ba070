#pragma once

#include "lib/base/errors.h"
#include "tools/plan/sweep_options.h"

#include <iosfwd>

namespace carbonedge {

/// Walks the weight for the exact planner and for node selection, and writes where each switches.
ExitStatus sweep_command(const SweepOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
