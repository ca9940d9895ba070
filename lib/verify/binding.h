#pragma once

#include "lib/partition/plan.h"
#include "lib/verify/recompute.h"

#include <cstddef>
#include <string>
#include <vector>

namespace carbonedge {

/// What a plan says of the limits that bind, held against pipelines without each of them.
struct BindingCheck {
    std::vector<std::string> breaches;
    std::vector<std::string> undecided;  ///< limits of which too many pipelines were left to try
};

/// A limit binds where some pipeline within all the others is better than `value`. Every limit of the plan is taken
/// away in turn, memory of all nodes included, and a better pipeline looked for, up to `most_stages` extensions by a
/// stage each. Only a plan that is proven best says what binds. `recomputer` must be of the plan.
BindingCheck check_binding(const Plan& plan, const Recomputer& recomputer, double value, std::size_t most_stages);

}  // namespace carbonedge
