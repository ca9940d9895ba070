#pragma once

#include "lib/runlog/run_log.h"
#include "lib/runtime/arrival_trace.h"

#include <cstdint>
#include <optional>
#include <string>

namespace carbonedge {

/// How requests arrive, how long they may take, and how nodes gather them. Free of CLI11.
struct LoadOptions {
    std::optional<double> rate_per_second;
    bool poisson = false;
    std::string trace;  ///< file; "" for none
    TraceColumn trace_column;
    double trace_speed = 1;
    std::int64_t most_accepted = 256;
    std::optional<Nanoseconds> deadline;
    BatchLimits batches;
};

}  // namespace carbonedge
