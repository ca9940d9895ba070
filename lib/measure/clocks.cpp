#include "lib/measure/clocks.h"

#include <ctime>

namespace carbonedge {
namespace {

Nanoseconds read(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return Nanoseconds(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

}  // namespace

Nanoseconds raw_time() { return read(CLOCK_MONOTONIC_RAW); }
Nanoseconds thread_cpu_time() { return read(CLOCK_THREAD_CPUTIME_ID); }
Nanoseconds process_cpu_time() { return read(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace carbonedge
