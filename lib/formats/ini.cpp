#include "lib/formats/ini.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/formats/text_checks.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

namespace carbonedge {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kLongestValue = 2048;  // with any key and blanks it still fits a line
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

bool is_name(std::string_view text, std::string_view further) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               further.find(c) != std::string_view::npos;
    });
}

/// Finds where everything is and refuses what Boost.Program_options would let through or report without a line.
class PreScan {
public:
    explicit PreScan(const std::string& file) { ini_.file = file; }

    IniFile scan(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            ++line_;
            std::string_view line = text.substr(at, end - at);
            at = end + 1;
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.size() > kLongestLine) {
                refuse(fmt::format("a line of {} bytes; at most {} are allowed", line.size(), kLongestLine));
            }
            const auto control = std::find_if(line.begin(), line.end(), is_control);
            if (control != line.end()) {
                refuse(fmt::format("a control byte 0x{:02x}",
                                   static_cast<unsigned>(static_cast<unsigned char>(*control))));
            }
            scan_line(trimmed(line));
        }
        expect_entries();
        return std::move(ini_);
    }

private:
    void scan_line(std::string_view line) {
        if (line.empty() || line.front() == '#') return;
        if (line.front() == ';') refuse("a remark starts with '#' here");
        if (line.find('#') != std::string_view::npos) {
            refuse("'#' would cut the line here; give a remark a line of its own");
        }
        if (line.front() == '[') {
            section(line);
        } else {
            entry(line);
        }
    }

    void section(std::string_view line) {
        const std::string_view name = line.substr(1, line.size() - 2);
        const bool dots_between = !name.starts_with('.') && !name.ends_with('.') && name.find("..") == name.npos;
        if (line.size() < 3 || line.back() != ']' || !is_name(name, "._-") || !dots_between) {
            refuse(
                fmt::format("{} is no section, expected one such as [node.green]; names have letters, digits, - and _",
                            quoted_for_message(line)));
        }
        expect_entries();
        for (const IniSection& other : ini_.sections) {
            if (other.name == name) refuse(fmt::format("duplicate section [{}], first in line {}", name, other.line));
        }
        ini_.sections.push_back({std::string(name), line_, {}});
    }

    void entry(std::string_view line) {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            refuse(fmt::format("{} is neither a [section] nor key = value", quoted_for_message(line)));
        }
        const std::string_view key = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(equals + 1));
        if (!is_name(key, "_-")) {
            refuse(fmt::format("{} is no key; keys have letters, digits, - and _", quoted_for_message(key)));
        }
        if (value.empty()) refuse(fmt::format("'{}' has no value; give one or leave the line out", key));
        if (value.size() > kLongestValue) {
            refuse(fmt::format("a value of {} bytes; at most {} are allowed", value.size(), kLongestValue));
        }
        if (ini_.sections.empty()) refuse(fmt::format("'{}' stands before the first [section]", key));
        IniSection& current = ini_.sections.back();
        if (const IniEntry* other = current.find(key)) {
            refuse(fmt::format("duplicate key '{}' in [{}], first in line {}", key, current.name, other->line));
        }
        current.entries.push_back({std::string(key), std::string(value), line_});
    }

    void expect_entries() const {
        if (!ini_.sections.empty() && ini_.sections.back().entries.empty()) {
            const IniSection& section = ini_.sections.back();
            throw InputError(ini_.file, section.line, fmt::format("section [{}] is empty", section.name));
        }
    }

    [[noreturn]] void refuse(const std::string& problem) const { throw InputError(ini_.file, line_, problem); }

    IniFile ini_;
    long line_ = 0;
};

po::parsed_options parse(const std::string& text, const std::string& file) {
    std::istringstream stream(text);
    try {
        return po::parse_config_file(stream, po::options_description(), /*allow_unregistered=*/true);
    } catch (const po::error& error) {
        throw InputError(file, 0, fmt::format("not INI: {}", error.what()));
    }
}

}  // namespace

const IniEntry* IniSection::find(std::string_view key) const {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const IniEntry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &*found;
}

IniFile read_ini(std::string_view text, const std::string& file) {
    check_text(text, file);
    IniFile ini = PreScan(file).scan(text);
    if (ini.sections.empty()) throw InputError(file, 0, "is empty; expected sections such as [node.green]");
    const po::parsed_options parsed = parse(std::string(text), file);
    // The pre-scan only tells places: the values are the parser's.
    std::size_t position = 0;
    for (IniSection& section : ini.sections) {
        for (IniEntry& entry : section.entries) {
            const std::string name = section.name + "." + entry.key;
            if (position == parsed.options.size() || parsed.options[position].string_key != name ||
                parsed.options[position].value.size() != 1) {
                throw InputError(file, entry.line, fmt::format("'{}' cannot be read", name));
            }
            entry.value = parsed.options[position].value.front();
            ++position;
        }
    }
    return ini;
}

bool is_ini_value(std::string_view value) {
    const bool has_control = std::any_of(value.begin(), value.end(), is_control);
    return !value.empty() && value == trimmed(value) && !has_control && value.find('#') == std::string_view::npos &&
           is_valid_utf8(value) && value.size() <= kLongestValue;
}

void expect_ini_keys(const IniFile& ini, const IniSection& section, std::span<const std::string_view> keys) {
    for (const IniEntry& entry : section.entries) {
        if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
        const std::vector<std::string> names(keys.begin(), keys.end());
        throw InputError(ini.file, entry.line,
                         unknown_name_message(fmt::format("key in [{}]:", section.name), entry.key, names));
    }
}

}  // namespace carbonedge
