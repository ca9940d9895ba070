#pragma once

#include "lib/gate/history.h"
#include "lib/report/document.h"

#include <cstdint>

namespace carbonedge {

/// A history as a report: table "trend" with a row a commit, its totals, the change since the commit before, and a mark
/// where a metric moved to another level (lib/gate/change_points.h, 1 %); table "changes" with those moves; and in the
/// notes, a line of block characters a metric.
Document describe_history(const History& history, std::uint64_t seed);

}  // namespace carbonedge
