#pragma once

#include "benchmarks/gate_study/recording.h"
#include "lib/gate/rules.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// How often each rule claimed a regression.
struct TrialCounts {
    std::size_t trials = 0;
    std::size_t gate = 0;
    std::size_t gate_open = 0;    ///< inconclusive
    std::size_t gate_layer = 0;   ///< the gate claimed one for a layer, or for the whole
    std::size_t ratio = 0;        ///< mean of the current / mean of the baseline above 1 + limit
    std::size_t t_of_rounds = 0;  ///< Welch's t-test on the rounds, one-sided at the gate's level
    std::size_t t_of_passes = 0;  ///< the same on all passes, as if each were independent
};

/// Where the rounds of a trial come from.
enum class TrialKind {
    kInterleaved,  ///< R rounds drawn from all, both sides of each
    kSeparate,     ///< R successive rounds of one time against R of another, at least R apart
};

/// Trials on rounds of one version, the current side `factor` times as slow. Deterministic for a seed.
TrialCounts run_trials(const Recording& recording, const std::vector<const RecordedRound*>& rounds, TrialKind kind,
                       std::size_t units, double factor, std::size_t trials, bool with_layers, const GateRules& rules,
                       std::uint64_t seed);

/// The gate against a history: one run of each of `past` earlier sessions against one of a later session.
TrialCounts history_trials(const std::vector<const RecordedRound*>& rounds, std::size_t past, double factor,
                           std::size_t trials, const GateRules& rules, std::uint64_t seed);

/// Clopper and Pearson's 95 % interval of a share.
struct Share {
    double value = 0;
    double low = 0;
    double high = 0;
};
Share share_of(std::size_t count, std::size_t trials);

}  // namespace carbonedge
