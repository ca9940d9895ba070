#pragma once

#include "lib/base/errors.h"
#include "tools/profile/transport_options.h"

#include <iosfwd>

namespace carbonedge {

/// Measures the paths that tensors can take between two processes of this machine.
ExitStatus transport_command(const TransportOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
