#pragma once

#include "lib/base/random.h"
#include "lib/profile/profile.h"

#include <string>

namespace carbonedge {

/// Text that is hard on writers: quotes, separators, newlines, blanks at the ends, several bytes a letter.
std::string awkward_text(SeededRandom& random);

/// A finite number of any size, integers and powers of ten among them.
double awkward_number(SeededRandom& random, double largest);

/// A profile that read_profile() accepts: every optional part there or not, skip connections, several outputs a row.
Profile random_profile(SeededRandom& random, std::size_t layers);

}  // namespace carbonedge
