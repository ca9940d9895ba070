#pragma once

#include "lib/runlog/run_log.h"

namespace carbonedge {

/// Where the time of a request went. The four parts add up to its latency where its stages were all recorded.
struct TimeParts {
    Nanoseconds queue{0};      ///< at the gateway and at the nodes
    Nanoseconds serialise{0};  ///< heads of frames, written and read; copies before sending
    Nanoseconds wire{0};       ///< the rest of the transfers
    Nanoseconds compute{0};    ///< forward passes; of a batch the whole pass

    [[nodiscard]] Nanoseconds sum() const { return queue + serialise + wire + compute; }
};

/// Nothing where serialising was not told apart from the wire: older logs, plans in virtual time.
std::optional<TimeParts> time_parts(const RequestRecord& request);

}  // namespace carbonedge
