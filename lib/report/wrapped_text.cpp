#include "lib/report/wrapped_text.h"

#include "lib/report/cell_text.h"

#include <algorithm>

namespace carbonedge {
namespace {

/// Byte length of the first `characters` characters of UTF-8 text.
std::size_t bytes_of(std::string_view text, std::size_t characters) {
    std::size_t position = 0;
    while (position < text.size() && characters > 0) {
        ++position;
        while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80U) ++position;
        --characters;
    }
    return position;
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, std::size_t width) {
    width = std::max<std::size_t>(width, 1);
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!lines.back().empty() && text_width(lines.back()) + 1 + text_width(word) > width) lines.emplace_back();
        if (!lines.back().empty()) lines.back() += ' ';
        while (text_width(word) > width) {
            const std::size_t taken = bytes_of(word, width);
            lines.back() += word.substr(0, taken);
            lines.emplace_back();
            word.remove_prefix(taken);
        }
        lines.back() += word;
    }
    return lines;
}

}  // namespace carbonedge
