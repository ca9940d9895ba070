#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carbonedge {

/// Larger inputs are refused: no file of ours comes near, and a mistaken path should not fill the memory.
inline constexpr std::size_t kLargestText = std::size_t{1} << 30U;

/// What every reader asks of its text before it looks closer: not larger than kLargestText, no byte order mark, no NUL,
/// valid UTF-8. Throws InputError with the line of the first breach.
void check_text(std::string_view text, const std::string& file);

}  // namespace carbonedge
