#include "lib/measure/sensors/meter_clock.h"

#include <ctime>
#include <thread>

namespace carbonedge {
namespace {

class SystemClock : public MeterClock {
public:
    Nanoseconds now() override {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC_RAW, &time);
        return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
    }
    void pause(Nanoseconds length) override { std::this_thread::sleep_for(length); }
};

}  // namespace

MeterClock& system_meter_clock() {
    static SystemClock clock;
    return clock;
}

}  // namespace carbonedge
