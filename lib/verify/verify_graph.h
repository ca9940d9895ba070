#pragma once

#include "lib/dag/graph_plan.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// Result of holding a graph plan against its own graph.
struct GraphVerification {
    std::vector<std::string> breaches;  ///< one line each; empty: the plan is what it says
    Seconds value{0};                   ///< the largest load, recomputed
    Seconds work_bound{0};              ///< no plan is better: all work on all devices, and the heaviest operation
    bool bound_repeated = false;        ///< a search of its own found no contiguous plan below the stated bound

    [[nodiscard]] bool passed() const { return breaches.empty(); }
};

/// Recomputes, without the planner: that each operation runs once, on a device that can, equal colours together, every
/// device within its memory and number, nothing consumed before it is made (contiguity), loads, memory, value and gap.
/// The lower bound is held against all contiguous plans where that takes at most `most_steps` operations added to a
/// down-set; otherwise bound_repeated is false and a bound beyond `work_bound` rests on the planner's word.
GraphVerification verify_graph_plan(const GraphPlan& plan, std::uint64_t most_steps = 1'000'000);

}  // namespace carbonedge
