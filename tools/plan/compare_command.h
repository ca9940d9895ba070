#pragma once

#include "lib/base/errors.h"
#include "tools/plan/compare_options.h"

#include <iosfwd>

namespace carbonedge {

/// Plans by every policy and exactly, evaluates all plans by lib/verify alone, and prints the table. kNegativeVerdict
/// where no plan meets the limits, kInconclusive where the exact search could not tell.
ExitStatus compare_command(const CompareOptions& options, std::istream& in, std::ostream& out);

}  // namespace carbonedge
