#pragma once

#include "lib/report/document.h"
#include "lib/runlog/run_log.h"

#include <string>

namespace carbonedge {

/// Latency of a run at the median and in its tail (p90, p95, p99, p99.9), with distribution-free 95 % intervals by
/// order statistics. A percentile beyond which not one answer is to be expected is left empty, and a note says how many
/// answers it needs.
Table percentile_table(const RunLog& run);

/// "closed loop, 4 in flight", "open loop, 20 requests/s, Poisson", "open loop, a recorded trace".
std::string load_text(const RunHeader& header);

/// "50 ms: 3 dropped, 2 answered late"; of a run with a deadline.
std::string deadline_text(const RunLog& run);

/// "at most 8, waiting 5 ms; 3.2 requests a pass in the mean"; of a run with batches.
std::string batches_text(const RunLog& run);

}  // namespace carbonedge
