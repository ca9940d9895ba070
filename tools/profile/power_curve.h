#pragma once

#include "lib/measure/energy_meter.h"
#include "tools/profile/options.h"

namespace carbonedge {

/// The power curve of the model meter: as given on the command line, or of this processor's family.
PowerCurve power_curve(const ProfileOptions& options);

}  // namespace carbonedge
