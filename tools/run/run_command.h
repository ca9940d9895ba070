#pragma once

#include "lib/base/errors.h"
#include "lib/runtime/process_engine.h"
#include "tools/run/options.h"

#include <iosfwd>

namespace carbonedge {

/// Executes a plan. kOk; kNegativeVerdict where requests failed or outputs are wrong; throws Interrupted after the
/// log's last line is written.
ExitStatus run_command(const RunToolOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

/// The engine as the command line wants it; carbonedge-node lies beside this program unless another is named.
EngineOptions engine_options(const RunToolOptions& options);

}  // namespace carbonedge
