#pragma once

#include "lib/runlog/run_log.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// A route is one chain of loaded and connected stages. Its number heads its frames; numbers are never used again, so
/// that a late frame cannot be taken for another route's.
using RouteNumber = std::int32_t;
inline constexpr RouteNumber kNoRoute = -1;

/// What a route is for.
struct RouteUse {
    std::size_t pipeline = 0;        ///< of the plan, whose requests it takes first
    std::vector<std::string> nodes;  ///< in the order of its stages
    int rank = 0;                    ///< among the routes of a pipeline the lowest that lives is taken
};

/// Why something stopped serving, and how that came to light.
struct Failure {
    std::string node;        ///< "" where a connection broke and its ends may both be well
    std::string cause;       ///< "node 'n1' was killed by signal 9 (Killed)"
    std::string noticed_by;  ///< "process end", "container end", "heartbeat", "connection" or "no answers"
    Nanoseconds noticed{0};  ///< CLOCK_MONOTONIC
    Nanoseconds silent{0};   ///< since the last sign of life, where one was awaited
};

}  // namespace carbonedge
