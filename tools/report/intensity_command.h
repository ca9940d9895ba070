#pragma once

#include "lib/base/errors.h"
#include "tools/report/intensity_options.h"

#include <iosfwd>

namespace carbonedge {

/// Describes a series from a file or a service. 0; 3 where the service failed and cached values stand in.
ExitStatus intensity(const IntensityOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
