#pragma once

#include "lib/base/errors.h"
#include "lib/partition/plan.h"

#include <iosfwd>

namespace carbonedge {

/// Says on `err` why there is no plan. kNegativeVerdict where that is proven, else kInconclusive.
ExitStatus tell_infeasible(const Infeasibility& infeasibility, bool list_limits, std::ostream& err);

}  // namespace carbonedge
