#pragma once

#include "lib/base/errors.h"
#include "tools/plan/fleet_options.h"

#include <iosfwd>
#include <string>
#include <string_view>

namespace carbonedge {

/// Reads the models' profiles and the cluster, places all models, verifies and writes; kNegativeVerdict where there is
/// no way to place them.
ExitStatus fleet_command(const FleetOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

/// `plan verify` for a fleet plan: what does not hold, one line each, or what does.
ExitStatus verify_fleet_command(std::string_view text, const std::string& file, std::string& report);

}  // namespace carbonedge
