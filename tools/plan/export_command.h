#pragma once

#include "lib/base/errors.h"
#include "tools/plan/export_options.h"

#include <iosfwd>

namespace carbonedge {

/// Writes a plan's pipeline in another planner's format.
ExitStatus export_command(const ExportOptions& options, std::istream& in, std::ostream& out);

}  // namespace carbonedge
