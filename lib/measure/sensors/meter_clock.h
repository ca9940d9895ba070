#pragma once

#include "lib/units/quantity.h"

namespace carbonedge {

/// The time that meters live by: it only counts up (CLOCK_MONOTONIC_RAW), whatever NTP does to the wall clock. A seam,
/// so that the arithmetic of windows is tested in made-up time.
class MeterClock {
public:
    virtual ~MeterClock() = default;
    [[nodiscard]] virtual Nanoseconds now() = 0;
    /// Lets other work run for about this long.
    virtual void pause(Nanoseconds length) = 0;
};

MeterClock& system_meter_clock();

}  // namespace carbonedge
