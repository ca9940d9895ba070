#pragma once

#include "lib/base/errors.h"
#include "tools/report/options.h"

#include <iosfwd>

namespace carbonedge {

/// --gate: judges the files against their baseline, writes the verdict, and returns its status.
ExitStatus gate_command(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
