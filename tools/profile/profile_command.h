#pragma once

#include "lib/base/errors.h"
#include "tools/profile/options.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace carbonedge {

/// Runs the tool. `words` is the whole command line: the tool starts itself again for a limit and for the memory probe.
ExitStatus profile_command(const ProfileOptions& options, const std::vector<std::string>& words, std::ostream& out,
                           std::ostream& err);

}  // namespace carbonedge
