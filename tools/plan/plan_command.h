#pragma once

#include "lib/base/errors.h"
#include "tools/plan/options.h"

#include <iosfwd>

namespace carbonedge {

/// Reads profile or partition, cluster and the nodes' own profiles, plans, verifies the plan and writes it.
ExitStatus plan_command(const PlanOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
