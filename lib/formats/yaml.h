#pragma once

#include "lib/formats/json.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Larger YAML texts are refused: the files of other planners have kilobytes, and the parser is slow.
inline constexpr std::size_t kLargestYaml = std::size_t{16} << 20U;

/// Reads one YAML document as the JSON value that it stands for. A plain scalar is null, a boolean or a number where it
/// is written as JSON writes one (a number may also begin with '+' or '.', and end in '.'); every other scalar, and
/// every quoted one, is text. Refuses what check_text() refuses, anchors, aliases and merge keys (a few lines of them
/// can stand for gigabytes), tags, keys that are no text, duplicate keys, a second document, nesting deeper than 64 and
/// texts over kLargestYaml. Throws InputError with file and line.
JsonDocument read_yaml(std::string_view text, const std::string& file);

/// The value as a YAML document that every reader takes for the same: in blocks, arrays of plain values on one line,
/// text in double quotes but for keys that can be nothing else, numbers that read back alike. Throws
/// std::invalid_argument for a number that is not finite.
std::string write_yaml(const nlohmann::ordered_json& value);

}  // namespace carbonedge
