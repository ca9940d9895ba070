#pragma once

#include "lib/base/errors.h"
#include "lib/profiler/profiler.h"
#include "tools/profile/options.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace carbonedge {

/// --rounds and --against: starts this program again for each round, and writes what all recorded as samples. With
/// --against-program the baseline's rounds are that program's.
ExitStatus rounds_command(const ProfileOptions& options, const std::vector<std::string>& words, std::ostream& out,
                          std::ostream& err);

/// The inside of one round: what --only-round and --only-subject ask for, as samples on `out`.
ExitStatus one_round(const ProfileOptions& options, const ProfilerOptions& profiler, std::ostream& out);

}  // namespace carbonedge
