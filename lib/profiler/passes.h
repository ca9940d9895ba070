#pragma once

#include "lib/measure/stopping.h"
#include "lib/model/model.h"
#include "lib/units/quantity.h"

#include <functional>
#include <string>
#include <vector>

namespace carbonedge {

/// Told now and then how far the work is (0 to 1), on the measuring thread between passes. May throw Interrupted.
using ProfilerProgress = std::function<void(const std::string& what, double fraction)>;

/// Times of one pass in nanoseconds: wall, CPU of all threads of the process, CPU of the thread that runs the model.
struct PassTime {
    double wall = 0;
    double cpu = 0;
    double own_cpu = 0;
};

/// Times one piece of work.
PassTime timed_pass(const std::function<void()>& work);

/// Unmarked and marked passes taken in turns, so that drift of the machine hits both alike. All vectors go by pair.
struct PairedPasses {
    std::vector<PassTime> whole;
    std::vector<PassTime> marked;
    std::vector<std::vector<double>> rows;     ///< [row][pair], wall nanoseconds
    std::vector<std::vector<double>> row_cpu;  ///< [row][pass], CPU nanoseconds, of passes of their own
    std::string outcome;                       ///< how the stopping rule ended
};

/// Runs both kinds until their times have settled: at least three of each and a fifth of a second.
void warm_up(Model& model, const ProfilerProgress& progress);

/// Takes pairs until `rule`, which sees the whole passes, is finished; which of a pair comes first alternates. Then a
/// few marked passes with CPU clocks, which would disturb the wall times.
PairedPasses take_paired_passes(Model& model, StoppingCriterion& rule, const ProfilerProgress& progress);

}  // namespace carbonedge
