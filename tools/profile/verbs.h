#pragma once

#include "lib/base/errors.h"

#include <iosfwd>

namespace carbonedge {

/// Profiles a model, or does what the first word asks for.
ExitStatus profile_or_verb(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace carbonedge
