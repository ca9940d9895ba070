#pragma once

#include "lib/units/quantity.h"

namespace carbonedge {

/// Time that only counts up, untouched by NTP steps and slewing (CLOCK_MONOTONIC_RAW). The zero is arbitrary.
Nanoseconds raw_time();

/// CPU time used so far by the calling thread, or by all threads of this process that ever were.
Nanoseconds thread_cpu_time();
Nanoseconds process_cpu_time();

}  // namespace carbonedge
