#pragma once

#include "lib/report/document.h"

namespace carbonedge {

/// A table of one subject without the column that names it.
inline Table single_subject(Table table) {
    table.columns.erase(table.columns.begin());
    for (auto& row : table.rows) row.erase(row.begin());
    return table;
}

}  // namespace carbonedge
