#pragma once

#include "lib/formats/json.h"
#include "lib/partition/partition.h"

#include <vector>

namespace carbonedge {

/// The range of a stage from its two numbers.
LayerRange layer_range(const JsonCursor& first, const JsonCursor& end);

/// The stages follow each other, none is empty, and together they are all `layers`; `stages` is their array. Throws
/// InputError at the first that is not so.
void expect_cover(const JsonCursor& stages, const std::vector<LayerRange>& ranges, std::size_t layers);

}  // namespace carbonedge
