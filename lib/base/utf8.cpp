#include "lib/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace carbonedge {
namespace {

/// Bytes of the well-formed sequence at `at` (Unicode 15, table 3-7), or 0 where there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t offset) -> unsigned {
        return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
    };
    const auto continues = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    const unsigned second = byte(1);
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return continues(1) ? 2 : 0;
    if (lead < 0xF0) {
        const bool overlong = lead == 0xE0 && second < 0xA0;
        const bool surrogate = lead == 0xED && second >= 0xA0;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead < 0xF5) {
        const bool overlong = lead == 0xF0 && second < 0x90;
        const bool too_large = lead == 0xF4 && second >= 0x90;
        return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::size_t first_malformed_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t eight = 0;
        if (at + sizeof eight <= text.size()) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080'8080'8080'8080ULL) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const std::size_t length = sequence_length(text, at);
        if (length == 0) return at;
        at += length;
    }
    return text.size();
}

bool is_valid_utf8(std::string_view text) { return first_malformed_utf8(text) == text.size(); }

std::string cleaned_for_message(std::string_view text, std::size_t most) {
    std::string cleaned;
    std::size_t at = 0;
    while (at < text.size() && at < most) {
        const std::size_t length = sequence_length(text, at);
        const unsigned lead = static_cast<unsigned char>(text[at]);
        if (length == 0 || lead < 0x20 || lead == 0x7F) {
            cleaned += '?';
            ++at;
        } else {
            cleaned += text.substr(at, length);
            at += length;
        }
    }
    return cleaned;
}

std::string quoted_for_message(std::string_view text) {
    constexpr std::size_t kLongest = 60;
    const std::string cleaned = cleaned_for_message(text, kLongest);
    // A replaced byte and a kept sequence are as long as they were.
    return "'" + cleaned + (cleaned.size() < text.size() ? "...'" : "'");
}

}  // namespace carbonedge
