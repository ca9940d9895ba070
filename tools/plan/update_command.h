#pragma once

#include "lib/base/errors.h"
#include "tools/plan/update_options.h"

#include <iosfwd>

namespace carbonedge {

/// Reads the running plan and what has changed, decides, writes the accounting and, on a move, the verified new plan.
ExitStatus update_command(const UpdateOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
