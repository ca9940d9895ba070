#pragma once

#include "lib/base/errors.h"
#include "tools/run/options.h"

#include <iosfwd>

namespace carbonedge {

/// Measures the transport on this machine and writes the cluster with it.
ExitStatus calibrate_command(const RunToolOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
