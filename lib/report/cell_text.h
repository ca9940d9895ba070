#pragma once

#include "lib/report/document.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// How the numbers of one column are shown to people: one unit and one number of decimals for all of them, so that
/// they can be compared at a glance.
struct NumberStyle {
    double divisor = 1;
    std::string unit;  ///< "ms"; "" for none
    int decimals = 0;
    bool show_plus_sign = false;
};

/// The style in which the largest of `cells` has three significant digits and the smallest (other than 0) two, within
/// three decimals.
NumberStyle number_style(Unit unit, std::span<const Cell* const> cells, bool show_plus_sign = false);

/// The style of every column of a table. Columns of one group and unit share their scale ("ms"), each has its decimals.
std::vector<NumberStyle> column_styles(const Table& table);

/// The cell in that style, without its unit; "" for an empty one. A number that would be rounded to 0 keeps one
/// significant digit ("2e-06"): only 0 looks like 0. Text has its control characters replaced by '?'.
std::string cell_text(const Cell& cell, const NumberStyle& style);

/// A lone cell with its unit: "12.4 ms".
std::string fact_text(const Cell& cell, Unit unit);

/// The cell as CSV and JSON hold it: shortest exact decimal, integer nanoseconds and bytes, text as it is;
/// "" for a number that is not finite.
std::string exact_text(const Cell& cell);

/// Number of characters (UTF-8 code points), which is what it takes on a terminal for the scripts used here.
std::size_t text_width(std::string_view text);

}  // namespace carbonedge
