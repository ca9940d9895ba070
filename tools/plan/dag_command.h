#pragma once

#include "lib/base/errors.h"
#include "lib/dag/graph_plan.h"
#include "tools/plan/dag_options.h"

#include <iosfwd>
#include <string_view>

namespace carbonedge {

/// Reads a graph, divides it, verifies the plan and writes it; kNegativeVerdict where there is none.
ExitStatus dag_command(const DagOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

/// `plan verify` for a graph plan: what does not hold, one line each, or what does.
ExitStatus verify_graph_command(std::string_view text, const std::string& file, std::string& report);

}  // namespace carbonedge
