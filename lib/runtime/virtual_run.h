#pragma once

#include "lib/runtime/intensity_follower.h"
#include "lib/runtime/run_plan.h"

namespace carbonedge {

/// Executes a plan in virtual time: requests arrive, wait, compute and travel as the cost model says they would
/// (docs/cost_model.md, "Replay"), no node is started and no model is needed. Hours pass in milliseconds, the same
/// every time. The log is that of a run, its engine "virtual", all of it estimated. Throws UsageError where the
/// intensities have no value at a moment that the run reaches.
RunSummary run_in_virtual_time(const Plan& plan, const RunOptions& options, ChangingIntensities changing,
                               const RunListener& listener, const std::stop_token& stop);

}  // namespace carbonedge
