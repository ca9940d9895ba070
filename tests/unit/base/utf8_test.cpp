#include "lib/base/utf8.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace carbonedge {

TEST_CASE("UTF-8 is well formed as the standard's table says") {
    struct Row {
        std::string text;
        bool valid;
    };
    const std::vector<Row> rows{
        {"", true},
        {"plain ASCII of more than eight bytes", true},
        {"\xC2\x80", true},           // U+0080
        {"\xC1\xBF", false},          // overlong
        {"\xC3", false},              // cut off
        {"\xC3(", false},             // no continuation
        {"\x80", false},              // continuation alone
        {"\xE0\xA0\x80", true},       // U+0800
        {"\xE0\x9F\xBF", false},      // overlong
        {"\xED\x9F\xBF", true},       // U+D7FF
        {"\xED\xA0\x80", false},      // surrogate
        {"\xEF\xBF\xBF", true},       // U+FFFF
        {"\xF0\x90\x80\x80", true},   // U+10000
        {"\xF0\x8F\xBF\xBF", false},  // overlong
        {"\xF4\x8F\xBF\xBF", true},   // U+10FFFF
        {"\xF4\x90\x80\x80", false},  // beyond
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(is_valid_utf8(row.text) == row.valid);
        CHECK(is_valid_utf8("eight by" + row.text + "eight by") == row.valid);
        CHECK(first_malformed_utf8("12345678" + row.text) == (row.valid ? 8 + row.text.size() : 8U));
    }
}

TEST_CASE("texts in messages stay on one line and short") {
    CHECK(quoted_for_message("a\nb\x7F\xFF") ==
          "'a?b?"
          "?'");
    CHECK(quoted_for_message("Île") == "'Île'");
    CHECK(quoted_for_message(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
    CHECK(quoted_for_message(std::string(59, 'x') + "ü") == "'" + std::string(59, 'x') + "ü'");
}

}  // namespace carbonedge
