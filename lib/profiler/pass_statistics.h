#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/profile/profile.h"
#include "lib/profiler/passes.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Which passes count. One in which this process was kept from its CPU, by a quota or by other programs, says nothing
/// about the layers.
struct PassFilter {
    std::vector<bool> whole;  ///< true: counts
    std::vector<bool> marked;
    std::size_t excluded = 0;  ///< of both kinds together
    bool by_cpu_time = false;  ///< too few were free: all count, and times are CPU times
};

/// True where a pass had its CPUs to itself: its CPU time is at least 95 % of `reference` (CPU time / wall time).
bool is_undisturbed(const PassTime& pass, double reference = 1.0);

/// With one thread, passes that were disturbed are left out. With more, only under a quota (`limited`), and measured
/// against what the freest tenth of the passes used, since threads wait for each other. Fewer than six free passes of a
/// kind: `by_cpu_time`.
PassFilter filter_disturbed(const PairedPasses& passes, int threads, bool limited);

/// Fills the rows' times, CPU time and energy, and the profile's whole_* fields. A row's CPU time is the whole's mean
/// CPU time split as the marked passes' CPU clocks say, so the rows add up to the whole. Energy is estimated from it.
void fill_times(Profile& profile, const PairedPasses& passes, const PassFilter& filter, const PowerCurve& curve);

/// The checks that the passes alone decide: "sum-of-layers", "marks-overhead", "cpu-share".
std::vector<ProfileCheck> check_passes(const Profile& profile, const PairedPasses& passes, const PassFilter& filter);

}  // namespace carbonedge
