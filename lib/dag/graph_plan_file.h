#pragma once

#include "lib/dag/graph_plan.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Schema carbonedge.graph-plan/1 (docs/formats.md). Throws InputError. Whether the plan is what it says is for
/// lib/verify; here each operation is at most on one device, and the graph has no circle.
GraphPlan read_graph_plan(std::string_view text, const std::string& file);
std::string write_graph_plan(const GraphPlan& plan);

}  // namespace carbonedge
