#include "lib/formats/ini.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <array>

namespace carbonedge {
namespace {

std::string ini_error(std::string_view text) {
    return error_text([&] { read_ini(text, "c.ini"); });
}

}  // namespace

TEST_CASE("INI sections and keys keep their order and line") {
    const IniFile ini = read_ini(
        "# remark\n\n[cluster]\nname = my lab \r\n[node.green]\n  # indented remark\n cpus=0.4\nprofile\t=\ta=b.csv\n",
        "c.ini");
    REQUIRE(ini.sections.size() == 2);
    CHECK(ini.sections[0].name == "cluster");
    CHECK(ini.sections[0].line == 3);
    CHECK(ini.sections[0].entries[0].value == "my lab");
    CHECK(ini.sections[1].line == 5);
    REQUIRE(ini.sections[1].entries.size() == 2);
    CHECK(ini.sections[1].entries[0].key == "cpus");
    CHECK(ini.sections[1].entries[0].line == 7);
    CHECK(ini.sections[1].find("profile")->value == "a=b.csv");
    CHECK(ini.sections[1].find("absent") == nullptr);
    CHECK(read_ini("[a]\nb=c", "c.ini").sections[0].entries[0].value == "c");
}

TEST_CASE("what INI readers usually let through is refused with its line") {
    struct Row {
        std::string text;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"", "c.ini: is empty; expected sections such as [node.green]"},
        {"# only a remark\n", "c.ini: is empty; expected sections such as [node.green]"},
        {"\xEF\xBB\xBF[a]\nb=1\n", "c.ini:1: starts with a byte order mark; save it as UTF-8 without one"},
        {"[a]\nb=1\n[a]\nc=1\n", "c.ini:3: duplicate section [a], first in line 1"},
        {"[a]\nb=1\n\nb=2\n", "c.ini:4: duplicate key 'b' in [a], first in line 2"},
        {"[a]\n[b]\nc=1\n", "c.ini:1: section [a] is empty"},
        {"[b]\nc=1\n[a]\n", "c.ini:3: section [a] is empty"},
        {"[a]\nb=1 # one\n", "c.ini:2: '#' would cut the line here; give a remark a line of its own"},
        {"[a] # x\nb=1\n", "c.ini:1: '#' would cut the line here; give a remark a line of its own"},
        {"[a]\n; x\nb=1\n", "c.ini:2: a remark starts with '#' here"},
        {"b=1\n", "c.ini:1: 'b' stands before the first [section]"},
        {"[a]\nb=\n", "c.ini:2: 'b' has no value; give one or leave the line out"},
        {"[a]\nb\n", "c.ini:2: 'b' is neither a [section] nor key = value"},
        {"[a]\n=1\n", "c.ini:2: '' is no key; keys have letters, digits, - and _"},
        {"[a]\nb.c=1\n", "c.ini:2: 'b.c' is no key; keys have letters, digits, - and _"},
        {"[a\nb=1\n",
         "c.ini:1: '[a' is no section, expected one such as [node.green]; names have letters, digits, - and _"},
        {"[]\nb=1\n",
         "c.ini:1: '[]' is no section, expected one such as [node.green]; names have letters, digits, - and _"},
        {"[a b]\nb=1\n",
         "c.ini:1: '[a b]' is no section, expected one such as [node.green]; names have letters, digits, - and _"},
        {"[a]\nb=\x01\n", "c.ini:2: a control byte 0x01"},
        {"[a]\nb=x\ry\n", "c.ini:2: a control byte 0x0d"},
        {"[a]\nb=\xFF\n", "c.ini:2: byte 0xff is not UTF-8; expected text in UTF-8"},
        {"[a]\nb=" + std::string(4095, 'x') + "\n", "c.ini:2: a line of 4097 bytes; at most 4096 are allowed"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(ini_error(row.text) == row.expected);
    }
    CHECK(ini_error("[a]\nb=" + std::string(2049, 'x') + "\n") ==
          "c.ini:2: a value of 2049 bytes; at most 2048 are allowed");
    CHECK(ini_error("[a]\nb=" + std::string(2048, 'x') + "\n") == "nothing was thrown");
}

TEST_CASE("an unknown INI key gets the nearest suggested") {
    using namespace std::string_view_literals;
    const IniFile ini = read_ini("[node.green]\ncpu=1\n", "c.ini");
    constexpr std::array kKeys{"cpus"sv, "memory"sv};
    CHECK(error_text([&] { expect_ini_keys(ini, ini.sections[0], kKeys); }) ==
          "c.ini:2: unknown key in [node.green]: 'cpu' (did you mean 'cpus'?); valid: cpus, memory");
}

TEST_CASE("only values that read back as they are may be written") {
    for (const std::string value : {"a", "a b", "a\tb", "a=b", "[x]", "ü"}) {
        CAPTURE(value);
        CHECK(is_ini_value(value));
        CHECK(read_ini("[s]\nk = " + value + "\n", "c.ini").sections[0].entries[0].value == value);
    }
    for (const std::string value : {"", " a", "a ", "a#b", "a\nb", "\xFF"}) {
        CAPTURE(value);
        CHECK_FALSE(is_ini_value(value));
    }
}

}  // namespace carbonedge
