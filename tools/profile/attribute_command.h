#pragma once

#include "lib/base/errors.h"
#include "tools/profile/options.h"

#include <iosfwd>

namespace carbonedge {

/// `carbonedge-profile --attribute WHO...`: the machine's joules over a while, split by CPU time, with the rest.
/// kInconclusive where they are an estimate, or who was asked for ended meanwhile.
ExitStatus attribute_command(const ProfileOptions& options, std::ostream& out);

}  // namespace carbonedge
