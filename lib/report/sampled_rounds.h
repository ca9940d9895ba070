#pragma once

#include "lib/profile/samples.h"

#include <optional>
#include <vector>

namespace carbonedge {

/// What each round says of one model, in seconds.
struct RoundValues {
    std::vector<double> latency;              ///< of the whole, by the clock asked for
    std::vector<double> cpu_time;             ///< of the whole
    std::vector<std::vector<double>> rows;    ///< [layer][round] wall time
    std::vector<std::vector<double>> shares;  ///< [layer][round] of the round's rows together
};

/// Passes of the round that had their CPU to themselves, as profiles count them (docs/measuring.md): all with several
/// threads.
std::size_t undisturbed_passes(const SampledPasses& passes, int threads);

/// A round's whole is the median over its passes: undisturbed ones by the wall clock, all by CPU time. With
/// `reference` (the other model of the round) it is that model's value times the middle of the ratios pass by pass, so
/// that what changes within a round cancels. A layer is the lower quartile of its times: what disturbs a pass makes a
/// few of its layers longer, never shorter.
RoundValues round_values(const Samples& samples, std::size_t subject, bool by_cpu_time,
                         std::optional<std::size_t> reference = std::nullopt);

}  // namespace carbonedge
