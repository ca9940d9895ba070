#include "lib/measure/sensors/tegrastats_line.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace carbonedge {
namespace {

/// No module draws 100 kW: a greater number is not milliwatts.
constexpr std::int64_t kMostMilliwatts = 100'000'000;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) { return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z'); }

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    std::size_t position = 0;
    while (position < line.size()) {
        const std::size_t start = line.find_first_not_of(" \t\r\n", position);
        if (start == std::string_view::npos) break;
        const std::size_t end = std::min(line.find_first_of(" \t\r\n", start), line.size());
        words.push_back(line.substr(start, end - start));
        position = end;
    }
    return words;
}

bool is_name(std::string_view word) {
    return !word.empty() && is_letter(word[0]) && std::all_of(word.begin(), word.end(), [](char letter) {
        return is_letter(letter) || is_digit(letter) || letter == '_';
    });
}

/// "5299mW", "3056", "-392mW".
std::optional<std::int64_t> parse_power(std::string_view text) {
    if (text.size() > 2 && text.substr(text.size() - 2) == "mW") text.remove_suffix(2);
    std::int64_t value = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || stop != text.data() + text.size() || text.empty()) return std::nullopt;
    if (value > kMostMilliwatts || value < -kMostMilliwatts) return std::nullopt;
    return value;
}

/// Two or three powers with slashes between.
std::optional<TegraRail> parse_powers(std::string_view word) {
    std::array<std::optional<std::int64_t>, 3> values;
    std::size_t count = 0;
    while (true) {
        if (count == values.size()) return std::nullopt;
        const std::size_t slash = word.find('/');
        values[count] = parse_power(word.substr(0, slash));
        if (!values[count]) return std::nullopt;
        ++count;
        if (slash == std::string_view::npos) break;
        word.remove_prefix(slash + 1);
    }
    if (count < 2) return std::nullopt;
    return TegraRail{"", *values[0], values[1], values[2]};
}

bool is_date(std::string_view word) {
    return word.size() == 10 && word[2] == '-' && word[5] == '-' && is_digit(word[0]) && is_digit(word[9]);
}
bool is_time(std::string_view word) {
    return word.size() == 8 && word[2] == ':' && word[5] == ':' && is_digit(word[0]);
}

/// What stands on these lines beside rails: sizes, loads, frequencies, temperatures, engines and their "off".
bool is_known(std::string_view word) {
    if (is_digit(word[0]) || word[0] == '(' || word[0] == '[' || word[0] == '@') return true;
    if (word.find('@') != std::string_view::npos) return true;  // "CPU@47.9C", "GR3D_FREQ@[..]"
    if (word.size() >= 5 && word.substr(word.size() - 5) == "_FREQ") return true;
    constexpr std::array<std::string_view, 21> kWords = {
        "RAM", "SWAP", "IRAM",  "CPU",   "EMC",   "GR3D",  "APE",    "MTS",    "fg",     "bg", "off",
        "VIC", "OFA",  "NVENC", "NVDEC", "NVJPG", "MSENC", "NVDLA0", "NVDLA1", "cached", "NC"};
    if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
    // Engines are numbered from JetPack 6 on.
    while (!word.empty() && is_digit(word.back())) word.remove_suffix(1);
    return word == "NVENC" || word == "NVDEC" || word == "NVJPG" || word == "PVA" || word == "NVDLA";
}

}  // namespace

TegraLine parse_tegrastats_line(std::string_view line) {
    TegraLine parsed;
    const std::vector<std::string_view> words = words_of(line);
    std::size_t next = 0;
    if (words.size() >= 2 && is_date(words[0]) && is_time(words[1])) {
        parsed.date = std::string(words[0]) + " " + std::string(words[1]);
        next = 2;
    }
    for (; next < words.size(); ++next) {
        if (is_name(words[next]) && next + 1 < words.size()) {
            if (auto rail = parse_powers(words[next + 1])) {
                if (words[next] != "NC") {
                    rail->name = std::string(words[next]);
                    parsed.rails.push_back(std::move(*rail));
                }
                ++next;
                continue;
            }
        }
        if (!is_known(words[next])) ++parsed.unknown_tokens;
    }
    return parsed;
}

}  // namespace carbonedge
