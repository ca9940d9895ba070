#pragma once

#include "lib/base/errors.h"

#include <iosfwd>

namespace carbonedge {

/// Runs `carbonedge-report FILE...`, or the verb that its first word names (`intensity`).
ExitStatus report_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
