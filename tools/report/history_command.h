#pragma once

#include "lib/base/errors.h"
#include "lib/gate/history.h"
#include "tools/report/options.h"

#include <iosfwd>
#include <string>

namespace carbonedge {

/// --history: appends a line for the files and their commit, or without files shows the history.
ExitStatus history_command(const ReportOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

/// Throws UsageError for a name that promises another form than JSON lines.
void check_history_name(const std::string& path);

}  // namespace carbonedge
