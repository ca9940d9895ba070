#pragma once

#include "lib/report/pictures/picture.h"

#include <cstddef>
#include <string>

namespace carbonedge {

/// Block characters need a terminal that shows UTF-8; ASCII is for files, pipes and every other terminal.
enum class Glyphs { kBlocks, kAscii };

/// A picture in characters: its title, the plot and its legend, no line longer than `width` (at least 40 are assumed).
/// Rows beyond 40 are left out and counted.
std::string render_plot(const Picture& picture, std::size_t width, Glyphs glyphs);

}  // namespace carbonedge
