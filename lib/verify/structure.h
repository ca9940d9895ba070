#pragma once

#include "lib/partition/plan.h"

#include <string>
#include <vector>

namespace carbonedge {

/// What must hold before anything can be recomputed: profiles, nodes, stages that cover the rows at legal cuts,
/// routing.
std::vector<std::string> structure_breaches(const Plan& plan);

}  // namespace carbonedge
