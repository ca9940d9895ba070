#pragma once

#include "lib/profile/profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// Times of one model in one round, pass by pass in the order they were taken; nothing is averaged or left out.
struct SampledPasses {
    std::vector<Nanoseconds> whole;              ///< unmarked passes, wall time
    std::vector<Nanoseconds> whole_cpu;          ///< and their CPU time, all threads of the process
    std::vector<Nanoseconds> marked;             ///< marked passes, as many
    std::vector<Nanoseconds> marked_cpu;         ///< and their CPU time
    std::vector<std::vector<Nanoseconds>> rows;  ///< [layer][marked pass], wall time
    std::vector<Nanoseconds> row_cpu;            ///< [layer] mean CPU time over passes of their own

    bool operator==(const SampledPasses&) const = default;
};

/// One fresh process that loaded the models and ran them pass by pass in turns. What a process does to times (where
/// its memory lies, which CPU it got) is one draw a round, so rounds are what can be counted as independent.
struct SampleRound {
    std::string date_utc;
    bool baseline_first = true;           ///< which was loaded, and of each pair run, first; with one subject true
    Nanoseconds control{0};               ///< median time of the control kernel: the machine without the models
    std::vector<SampledPasses> subjects;  ///< one, or the baseline's and the current's, taken pass by pass in turns

    bool operator==(const SampleRound&) const = default;
};

/// What `profile --rounds` and `profile --against` record, schema carbonedge.samples/1.
struct Samples {
    std::string tool_version;
    std::vector<Profile> subjects;  ///< one, or baseline and current; their times are those of all rounds together
    std::vector<SampleRound> rounds;

    bool operator==(const Samples&) const = default;
};

}  // namespace carbonedge
