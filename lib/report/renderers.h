#pragma once

#include "lib/report/document.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// For a terminal of `width` characters (at least 40 are assumed). A table too wide for it is printed in parts that
/// repeat its first column; nothing is left out. Long text is wrapped inside its column.
std::string render_text(const Document& document, std::size_t width);

/// One section, RFC 4180 with a header row, exact values; facts as key,value.
std::string render_csv(const Section& section);

/// Everything, GitHub-flavoured tables.
std::string render_markdown(const Document& document);

/// Everything, schema carbonedge.report/1, exact values; an empty cell is null.
std::string render_json(const Document& document);

}  // namespace carbonedge
