#pragma once

#include "lib/base/errors.h"
#include "tools/probe/options.h"

#include <iosfwd>

namespace carbonedge {

/// kOk where the node answers as it should, else kNegativeVerdict.
ExitStatus probe_command(const ProbeToolOptions& options, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
