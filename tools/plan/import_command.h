#pragma once

#include "lib/base/errors.h"
#include "tools/plan/import_options.h"

#include <iosfwd>

namespace carbonedge {

/// Reads another planner's files and writes a folder: cluster.ini and a profile for each kind of node.
ExitStatus import_command(const ImportOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
