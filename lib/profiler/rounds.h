#pragma once

#include "lib/profile/samples.h"
#include "lib/profiler/passes.h"
#include "lib/profiler/profiler.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

struct RoundOptions {
    std::optional<std::string> baseline_path;  ///< the model to take turns with; none: one model alone
    bool baseline_first = true;                ///< which of the two is loaded and run first
};

/// One round in this process (lib/profile/samples.h): loads the model, and the baseline beside it, warms up and takes
/// unmarked and marked passes of each in turns until the stopping rule of `options` is finished. Split checks and
/// meters are not used; the optimised module is run wherever it is right, also where the frozen one may be faster. Call
/// it first thing in a process, as profile_model(). Throws what that throws.
Samples measure_round(const ProfilerOptions& options, const RoundOptions& round, const ProfilerProgress& progress);

/// Rounds of one measurement as one: times of the subjects' profiles are those of all their passes together. Throws
/// EnvironmentError where the rounds are not of the same models. `parts` is not empty.
Samples join_rounds(std::vector<Samples> parts, const PowerCurve& curve);

/// Two measurements of one model each, round by round the baseline's and the current's: for programs that cannot share
/// a process. Throws EnvironmentError where one has not as many rounds as the other.
Samples pair_rounds(Samples baseline, Samples current);

/// All passes of one subject, as the statistics of a profile take them.
PairedPasses all_passes(const Samples& samples, std::size_t subject);

}  // namespace carbonedge
