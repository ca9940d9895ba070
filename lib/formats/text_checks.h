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

/// True where `text` is UTF-8 without overlong forms, surrogates or code points above U+10FFFF.
bool is_valid_utf8(std::string_view text);

/// For messages: `text` in single quotes, at most 60 bytes of it, control bytes and broken UTF-8 replaced by '?'.
std::string quoted_for_message(std::string_view text);

}  // namespace carbonedge
