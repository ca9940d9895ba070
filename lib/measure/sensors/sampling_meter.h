#pragma once

#include "lib/measure/energy_meter.h"

#include <cstdint>
#include <memory>

namespace carbonedge {

/// Looks at another meter from a thread of its own between start() and stop(), about every `interval`: each pause is
/// drawn from 0.8 to 1.2 of it, so that sampling does not fall into step with a periodic load. `interval` zero: half of
/// the meter's longest gap, and no thread where that is unbounded.
std::unique_ptr<EnergyMeter> make_sampling_meter(std::unique_ptr<EnergyMeter> meter, Nanoseconds interval = {},
                                                 std::uint64_t seed = 1);

}  // namespace carbonedge
