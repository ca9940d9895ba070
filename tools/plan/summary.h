#pragma once

#include "lib/partition/plan.h"

#include <string>

namespace carbonedge {

/// What a plan does, for people: stages, prediction, what binds, how good it provably is.
std::string plan_summary(const Plan& plan);

}  // namespace carbonedge
