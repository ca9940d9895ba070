#pragma once

#include "lib/partition/plan.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Reasons, each enough on its own, why no pipeline meets the limits of a plan (which needs no pipelines), worked out
/// from its cluster and profiles alone, without the planner: layers that no node may run, less memory in all than the
/// weights need, a least latency above the limit even if nodes could be used again. Empty: none of these; the problem
/// may be infeasible all the same, by how its limits interact. Times from max(A, B); p95 limits count as limits of A.
std::vector<std::string> infeasibility_proofs(const Plan& problem);

}  // namespace carbonedge
