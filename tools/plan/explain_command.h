#pragma once

#include "lib/base/errors.h"
#include "tools/plan/explain_options.h"

#include <iosfwd>

namespace carbonedge {

/// Solves a plan's problem again, with one thing changed at a time, and writes what follows.
ExitStatus explain_command(const ExplainOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
