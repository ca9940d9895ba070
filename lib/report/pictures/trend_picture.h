#pragma once

#include "lib/report/document.h"
#include "lib/report/pictures/picture.h"

#include <vector>

namespace carbonedge {

/// Every metric of a history as a share of its first value, entry by entry, with the entries where a level changed.
/// `history` is what describe_history() made (tables "trend" and "changes"). None where fewer than two entries have a
/// number. At most the last 500 entries.
std::vector<Picture> trend_pictures(const Document& history);

}  // namespace carbonedge
