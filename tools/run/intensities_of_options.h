#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/intensity_follower.h"
#include "tools/run/options.h"

#include <iosfwd>
#include <stop_token>

namespace carbonedge {

/// The intensities that change while a run goes on, of --series or --live; none where neither is given. A service is
/// asked at once, so that a wrong token or zone is known before anything starts. Throws UsageError, InputError,
/// EnvironmentError, Interrupted.
ChangingIntensities changing_intensities(const RunToolOptions& options, const Plan& plan, std::istream& in,
                                         const std::stop_token& stop);

}  // namespace carbonedge
