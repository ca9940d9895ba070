#pragma once

#include "lib/report/document.h"
#include "lib/report/pictures/picture.h"

#include <span>
#include <string>
#include <string_view>

namespace carbonedge {

/// For a terminal of `width` characters (at least 40 are assumed). A table too wide for it is printed in parts that
/// repeat its first column; nothing is left out. Long text is wrapped inside its column.
std::string render_text(const Document& document, std::size_t width);

/// One section, RFC 4180 with a header row, exact values; facts as key,value.
std::string render_csv(const Section& section);

/// One section as JSON lines: an object a row with the names of the CSV's columns, exact values, null for an empty
/// cell; facts as one object.
std::string render_json_lines(const Section& section);

/// Everything, GitHub-flavoured tables.
std::string render_markdown(const Document& document);

/// Text that Markdown shows as it is: no table border, emphasis, link, code or HTML comes out of a name. One line:
/// control characters become '?'.
std::string markdown_escaped(std::string_view text);

/// Everything, schema carbonedge.report/1, exact values; an empty cell is null.
std::string render_json(const Document& document);

/// Whether this build can draw pictures (cmake/PlotLibrary.cmake).
bool has_plot_library();

/// A script that prints the picture as SVG when node runs it; "" where there is no plot library. `width` is that of the
/// plot in CSS pixels.
std::string drawing_program(const Picture& picture, int width);

/// Everything, as one page that loads nothing and runs no script but its own: opening, pictures, tables. Where there is
/// no plot library the page says so, and has the numbers of the pictures instead.
std::string render_html(const Document& document, std::span<const Picture> pictures);

}  // namespace carbonedge
