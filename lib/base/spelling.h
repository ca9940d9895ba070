#pragma once

#include <span>
#include <string>
#include <string_view>

namespace carbonedge {

/// The one of `names` with the smallest edit distance to `word`, or "" where none is within a third of its length.
std::string nearest_name(std::string_view word, std::span<const std::string> names);

/// "unknown node 'gren' (did you mean 'green'?); valid: edge, green". `kind` is "node", "policy", ...
std::string unknown_name_message(std::string_view kind, std::string_view word, std::span<const std::string> names);

}  // namespace carbonedge
