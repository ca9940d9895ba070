#pragma once

#include "lib/partition/plan.h"

#include <cstddef>
#include <optional>

namespace carbonedge {

/// Whether some pipeline of the plan's cluster and profiles keeps every stage and leg at or below `threshold`
/// (seconds), within memory, pinned and forbidden layers and number of nodes; limits on latency are left out, so "no"
/// holds with them too. Tries all pipelines, but for nodes that can stand for each other. Nothing where that would take
/// more than about `most_steps` steps.
std::optional<bool> some_pipeline_within(const Plan& plan, double threshold, double most_steps = 2e8);

}  // namespace carbonedge
