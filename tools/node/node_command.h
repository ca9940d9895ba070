#pragma once

#include "lib/base/errors.h"
#include "tools/node/options.h"

#include <iosfwd>

namespace carbonedge {

/// Serves until it is shut down or signalled. Prints "ready ADDRESS" once it listens.
ExitStatus node_command(const NodeToolOptions& options, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
