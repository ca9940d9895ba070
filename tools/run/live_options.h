#pragma once

#include "tools/run/live_option_values.h"

namespace CLI {
class App;
}

namespace carbonedge {

/// --live, --live-url, --poll, --token-file, --token-variable.
void add_live_options(CLI::App& app, LiveOptions& options);
/// Throws UsageError where one of the others stands without --live.
void require_live(const CLI::App& app, const LiveOptions& options);

}  // namespace carbonedge
