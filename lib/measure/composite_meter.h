#pragma once

#include "lib/measure/energy_meter.h"

#include <memory>
#include <vector>

namespace carbonedge {

/// Several meters at once. Its total starts with the first meter and takes in each further one whose boundary is known
/// to share nothing with what is in already (package and GPU); the others are shown as parts, never added. Meters of
/// one boundary check each other: where they differ by more than their uncertainties and 5 %, the flag "inconsistent"
/// says so. Estimated joules are never added to measured ones. Unavailable where a meter of the total is. `meters` must
/// not be empty.
std::unique_ptr<EnergyMeter> make_composite_meter(std::vector<std::unique_ptr<EnergyMeter>> meters);

}  // namespace carbonedge
