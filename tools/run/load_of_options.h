#pragma once

#include "lib/runtime/load_generator.h"
#include "tools/run/options.h"

#include <functional>
#include <iosfwd>
#include <string>

namespace carbonedge {

/// The load that the options ask for; reads the trace's file. `note` hears of what the user may not have meant. Throws
/// InputError, EnvironmentError, UsageError (more requests than the trace holds).
Load load_of_options(const RunToolOptions& options, std::istream& in,
                     const std::function<void(const std::string&)>& note);

}  // namespace carbonedge
