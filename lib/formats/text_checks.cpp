#include "lib/formats/text_checks.h"

#include "lib/base/errors.h"
#include "lib/base/utf8.h"

#include <fmt/format.h>
#include <algorithm>

namespace carbonedge {
namespace {

long line_of(std::string_view text, std::size_t position) {
    return 1 + static_cast<long>(std::count(
                   text.begin(), text.begin() + static_cast<std::string_view::difference_type>(position), '\n'));
}

}  // namespace

void check_text(std::string_view text, const std::string& file) {
    if (text.size() > kLargestText) {
        throw InputError(file, 0, fmt::format("{} bytes; at most {} can be read", text.size(), kLargestText));
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        throw InputError(file, 1, "starts with a byte order mark; save it as UTF-8 without one");
    }
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        throw InputError(file, line_of(text, nul), "contains a NUL byte; expected text");
    }
    if (const std::size_t bad = first_malformed_utf8(text); bad != text.size()) {
        throw InputError(file, line_of(text, bad),
                         fmt::format("byte 0x{:02x} is not UTF-8; expected text in UTF-8",
                                     static_cast<unsigned>(static_cast<unsigned char>(text[bad]))));
    }
}

}  // namespace carbonedge
