#pragma once

#include "lib/measure/sensors/meter_clock.h"

namespace carbonedge {

/// Time that passes only when somebody looks at it (or a fake sensor lets it), so that waiting loops end at once.
class FakeClock : public MeterClock {
public:
    Nanoseconds now() override { return time_ += look_; }
    void pause(Nanoseconds length) override { time_ += length; }
    void advance(Nanoseconds length) { time_ += length; }
    [[nodiscard]] Nanoseconds time() const { return time_; }

private:
    Nanoseconds time_{1'000'000'000};
    Nanoseconds look_{200};
};

}  // namespace carbonedge
