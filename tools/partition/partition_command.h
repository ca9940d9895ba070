#pragma once

#include "lib/base/errors.h"
#include "tools/partition/options.h"

#include <iosfwd>

namespace carbonedge {

/// Reads a profile, divides it, writes the partition and says how uneven each cost model would be in measured time.
ExitStatus partition_command(const PartitionOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
