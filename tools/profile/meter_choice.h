#pragma once

#include "lib/measure/energy_meter.h"
#include "tools/profile/options.h"

#include <memory>
#include <string>

namespace carbonedge {

/// The meter that --meter asks for; none for the model's estimate, with `reason` where "auto" found no sensor that
/// works. Throws UsageError for a name that no source has, EnvironmentError for a source that does not work here.
struct MeterChoice {
    std::unique_ptr<EnergyMeter> meter;
    std::string reason;
};
MeterChoice choose_meter(const ProfileOptions& options);

}  // namespace carbonedge
