#pragma once

#include "tools/run/load_option_values.h"

namespace CLI {
class App;
}

namespace carbonedge {

/// --rate, --arrivals, --trace and its companions, --max-accepted, --deadline, --max-batch, --max-delay.
void add_load_options(CLI::App& app, LoadOptions& options);
/// Throws UsageError where options of the load contradict each other.
void require_load(const CLI::App& app, const LoadOptions& options);

}  // namespace carbonedge
