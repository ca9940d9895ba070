#pragma once

#include "lib/base/errors.h"
#include "tools/report/options.h"

#include <iosfwd>

namespace carbonedge {

/// Reads the files, and writes the description of one or the comparison of several.
/// 0; 1 where a run has failed requests; 3 where the files may not be compared.
ExitStatus report(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
