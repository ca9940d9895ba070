#pragma once

#include "lib/units/quantity.h"

#include <cstddef>
#include <cstdint>

namespace carbonedge {

/// How long a window must be for a meter to know its energy well enough.
struct WindowPlan {
    Nanoseconds length{0};
    /// What the update period alone lets such a window reach; above what was asked where `longest` is too short.
    double reachable = 0;
    bool reaches = true;
    Nanoseconds needed{0};  ///< what was asked for needs
};

/// A meter that updates every `update_period` can be wrong by up to one update: relative uncertainty u needs a window
/// of update_period / u. At least 10 ms (idle and work must outlast a time slice), at most `longest`.
WindowPlan plan_window(Nanoseconds update_period, double relative_uncertainty, Nanoseconds longest);

/// Repetitions of work that takes `once` which fill a window; at least one.
std::int64_t repetitions_for(Nanoseconds once, Nanoseconds window);

/// Into how many groups layers can be divided so that each gets `windows_each` windows within `budget`: 1 to `most`.
std::size_t groups_within(Nanoseconds budget, Nanoseconds window, int windows_each, std::size_t most);

}  // namespace carbonedge
