#pragma once

#include "lib/base/errors.h"

#include <iosfwd>

namespace carbonedge {

/// Runs the verb that the first word names, or else a plan. A verb with a page of its own is a row here.
ExitStatus run_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
