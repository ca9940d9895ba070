#pragma once

#include "lib/runlog/run_log.h"
#include "lib/units/quantity.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// One question for the time: asked and answered by our clock, received and sent by the other's.
struct ClockRoundTrip {
    Nanoseconds asked{0};
    Nanoseconds received{0};
    Nanoseconds sent{0};
    Nanoseconds answered{0};
    std::string origin;  ///< clock_origin() of the other; "" where it does not know
};

/// The other's clock shows `ahead` more than ours, give or take `uncertainty`.
struct ClockOffset {
    Nanoseconds ahead{0};
    Nanoseconds uncertainty{0};
    bool operator==(const ClockOffset&) const = default;
};

/// The offset from the round trip that took least on its way, as NTP does it (RFC 5905, section 8): half of the
/// difference of the two ways, and at most half of the way off. Processes of the same origin share one CLOCK_MONOTONIC:
/// their offset is zero exactly. Nothing where there is no round trip, or none that makes sense.
std::optional<ClockOffset> estimate_offset(const std::vector<ClockRoundTrip>& trips, const std::string& own_origin);

/// What this process's CLOCK_MONOTONIC counts from: the kernel's start (/proc/sys/kernel/random/boot_id) and the time
/// namespace; "" where either is not known.
std::string clock_origin();

/// The time between being sent and received that clocks of different hosts show may be off by their uncertainty, and
/// below zero: takes such a return transfer from the transfers before it, so that all parts still sum to the latency.
void settle_return(RequestRecord& record);

}  // namespace carbonedge
