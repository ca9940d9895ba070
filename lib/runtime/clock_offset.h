#pragma once

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
    std::string boot;  ///< which start of a kernel the other's clock counts from; "" where it does not know
};

/// The other's clock shows `ahead` more than ours, give or take `uncertainty`.
struct ClockOffset {
    Nanoseconds ahead{0};
    Nanoseconds uncertainty{0};
    bool operator==(const ClockOffset&) const = default;
};

/// The offset from the round trip that took least on its way, as NTP does it (RFC 5905, section 8): half of the
/// difference of the two ways, and at most half of the way off. Processes that share a kernel (`own_boot`) share its
/// CLOCK_MONOTONIC: their offset is zero exactly. Nothing where there is no round trip, or none that makes sense.
std::optional<ClockOffset> estimate_offset(const std::vector<ClockRoundTrip>& trips, const std::string& own_boot);

/// What the kernel's clocks count from: /proc/sys/kernel/random/boot_id; "" where there is none.
std::string boot_id();

}  // namespace carbonedge
