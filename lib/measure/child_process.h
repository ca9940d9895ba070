#pragma once

#include "lib/measure/cpu_limit.h"

#include <string>
#include <vector>

namespace carbonedge {

struct ChildResult {
    int exit_status = 0;  ///< 128 + signal where a signal ended it
    int signal = 0;       ///< 0: it exited
    std::string output;   ///< its standard output, where captured
};

/// Runs `arguments[0]` with `arguments` and waits. With `group` it is inside that group from its first instruction on.
/// SIGINT and SIGTERM sent to this process meanwhile are passed on; the child dies with this process. Not for several
/// threads at once. Throws EnvironmentError where it cannot be started.
ChildResult run_child(const std::vector<std::string>& arguments, const LimitGroup* group, bool capture_output);

}  // namespace carbonedge
