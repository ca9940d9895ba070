#pragma once

#include "lib/base/errors.h"
#include "lib/measure/cpu_limit.h"
#include "tools/profile/options.h"

#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// The limits that the command line asks for; nothing where it asks for none.
std::optional<ResourceLimit> requested_limit(const ProfileOptions& options);

/// How a run under limits went.
struct LimitedRun {
    bool started = false;  ///< false: limits cannot be enforced here, and `mechanism` says why
    std::string mechanism;
    ExitStatus status = ExitStatus::kOk;
};

/// Starts this program again with the same words inside a control group with those limits, so that all its memory and
/// CPU time are held to them, and waits. `scratch` is a folder for its stage files. Throws EnvironmentError where the
/// limit killed it.
LimitedRun run_under_limit(const ResourceLimit& limit, const std::vector<std::string>& words,
                           const std::string& scratch);

}  // namespace carbonedge
