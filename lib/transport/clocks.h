#pragma once

#include "lib/units/quantity.h"

#include <ctime>

namespace carbonedge {

inline Nanoseconds read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

/// CLOCK_MONOTONIC: the same in all processes of a machine, so durations across them are differences of it.
inline Nanoseconds now_monotonic() { return read_clock(CLOCK_MONOTONIC); }

inline void sleep_until_monotonic(Nanoseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    timespec until{};
    until.tv_sec = seconds.count();
    until.tv_nsec = static_cast<long>((time - seconds).count());
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
    }
}

}  // namespace carbonedge
