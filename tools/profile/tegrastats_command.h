#pragma once

#include "lib/base/errors.h"
#include "tools/profile/options.h"

#include <iosfwd>

namespace carbonedge {

/// `carbonedge-profile --tegrastats LOG`: the joules of a recorded log. kInconclusive where it does not tell them.
ExitStatus tegrastats_command(const ProfileOptions& options, std::istream& in, std::ostream& out);

}  // namespace carbonedge
