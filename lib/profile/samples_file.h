#pragma once

#include "lib/profile/samples.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Reads carbonedge.samples/1 JSON lines (docs/formats.md). A file whose last line is cut off is read up to there;
/// anything else that is wrong, rounds that do not fit the layers included, is an InputError with file and line.
Samples read_samples(std::string_view text, const std::string& file);

/// The inverse, byte for byte.
std::string write_samples(const Samples& samples);

}  // namespace carbonedge
