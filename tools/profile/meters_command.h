#pragma once

#include "lib/base/errors.h"
#include "lib/measure/sensors/meter_catalogue.h"
#include "tools/profile/options.h"

#include <iosfwd>

namespace carbonedge {

/// The sensors of this machine, or of the tree that --sysfs-root names, and the model that the options describe.
SensorEnvironment sensors_of(const ProfileOptions& options);

/// --meters: says what each energy source of this machine can do, and what would help. kOk where one measures,
/// kInconclusive where only an estimate is possible.
ExitStatus meters_command(const ProfileOptions& options, std::ostream& out);

}  // namespace carbonedge
