#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carbonedge {

/// Where the first sequence starts that is not UTF-8 (overlong forms, surrogates and code points above U+10FFFF are
/// not), or the size of `text`. Eight bytes a step where they are ASCII, as nearly all text of ours is.
std::size_t first_malformed_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text);

/// About `most` bytes (a last sequence is kept whole) of a text from elsewhere, control bytes and broken UTF-8 replaced
/// by '?'.
std::string cleaned_for_message(std::string_view text, std::size_t most);

/// For messages, which are one line: `text` in single quotes, at most 60 bytes of it, control bytes and broken UTF-8
/// replaced by '?'.
std::string quoted_for_message(std::string_view text);

}  // namespace carbonedge
