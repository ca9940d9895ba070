#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

struct IniEntry {
    std::string key;
    std::string value;
    long line = 0;
};

struct IniSection {
    std::string name;  ///< "node.green"
    long line = 0;
    std::vector<IniEntry> entries;  ///< at least one, in the order of the file

    /// The entry of that key, or null.
    [[nodiscard]] const IniEntry* find(std::string_view key) const;
};

/// An INI text: `[section]`, `key = value`, whole lines starting with '#' for remarks. Boost.Program_options reads it;
/// what that lets through is refused with its line: what check_text() refuses, doubled sections and keys, sections and
/// values that are empty, keys outside a section, '#' after a value (which would cut it), lines over 4096 bytes, values
/// over 2048.
struct IniFile {
    std::string file;
    std::vector<IniSection> sections;
};

IniFile read_ini(std::string_view text, const std::string& file);

/// Whether `value` can stand in an INI text and be read back as it is.
bool is_ini_value(std::string_view value);

/// Throws InputError at the entry's line where its key is not among `keys`, with the nearest one suggested.
void expect_ini_keys(const IniFile& ini, const IniSection& section, std::span<const std::string_view> keys);

}  // namespace carbonedge
