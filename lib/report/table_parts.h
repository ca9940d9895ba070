#pragma once

#include "lib/report/document.h"

#include <cstddef>
#include <vector>

namespace carbonedge {

/// Columns that stand together, at most ten: a table too wide for a page is shown in parts that repeat its first
/// column, and neighbours of one group stay in one part.
std::vector<std::vector<std::size_t>> table_parts(const Table& table);

}  // namespace carbonedge
