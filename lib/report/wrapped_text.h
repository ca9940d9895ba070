#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Lines of at most `width` characters, broken at spaces, or inside a word that is longer than a line. At least one
/// line; joined by spaces they give the text back (but for the breaks inside words).
std::vector<std::string> wrap_text(std::string_view text, std::size_t width);

}  // namespace carbonedge
