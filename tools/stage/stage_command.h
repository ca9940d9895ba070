#pragma once

#include "lib/base/errors.h"
#include "tools/stage/options.h"

#include <iosfwd>

namespace carbonedge {

ExitStatus stage_command(const StageOptions& options, std::istream& in, std::ostream& err);

}  // namespace carbonedge
