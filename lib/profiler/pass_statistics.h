#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/profile/profile.h"
#include "lib/profiler/passes.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Which passes count. Under a CPU quota a pass that waited for its next period says nothing about the layers.
struct PassFilter {
    std::vector<bool> whole;  ///< true: counts
    std::vector<bool> marked;
    std::size_t excluded = 0;    ///< of both kinds together
    bool all_throttled = false;  ///< too few were free of throttling: all count, and times come from CPU time
};

/// Without a limit every pass counts. With one, a pass counts where its CPU time is at least 95 % of what `threads` 1
/// can use in its wall time, or of what the freest tenth of the passes used where there are more threads. Fewer than
/// six such passes of a kind: `all_throttled`.
PassFilter filter_throttled(const PairedPasses& passes, int threads, bool limited);

/// Fills the rows' times, CPU time and energy, and the profile's whole_* fields. A row's CPU time is the whole's mean
/// CPU time split as the marked passes' CPU clocks say, so the rows add up to the whole. Energy is estimated from it.
void fill_times(Profile& profile, const PairedPasses& passes, const PassFilter& filter, const PowerCurve& curve);

/// The checks that the passes alone decide: "sum-of-layers", "marks-overhead", "cpu-share".
std::vector<ProfileCheck> check_passes(const Profile& profile, const PairedPasses& passes, const PassFilter& filter);

}  // namespace carbonedge
