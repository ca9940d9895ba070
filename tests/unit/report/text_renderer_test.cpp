#include "lib/report/cell_text.h"
#include "lib/report/renderers.h"
#include "lib/report/wrapped_text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sstream>

namespace carbonedge {
namespace {

Document wide_document() {
    Table table{"policies", "Policies compared", {{"policy", "policy", Unit::kText, "", false}}, {}, {}};
    for (int i = 0; i < 12; ++i) {
        table.columns.push_back({fmt::format("c{}", i), fmt::format("column number {}", i), Unit::kTime,
                                 i < 6 ? "first" : "second", false});
    }
    std::vector<Cell> row{Cell("monolithic")};
    for (int i = 0; i < 12; ++i) row.emplace_back(Nanoseconds(1'000'000 * (i + 1)));
    table.add_row(row);
    table.notes.emplace_back("a note that is long enough to be wrapped on a terminal of forty characters");
    Document document{"comparison", "Report", {}, {}};
    document.sections.emplace_back(table);
    return document;
}

std::size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) widest = std::max(widest, text_width(line));
    return widest;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a table in columns, heads at the bottom, numbers right, units beneath") {
    Table table{"t",
                "Title",
                {{"name", "name", Unit::kText, "", false}, {"time", "run latency median", Unit::kTime, "", false}},
                {},
                {"a note"}};
    table.add_row({Cell("a"), Cell(Nanoseconds(9'000'000))});
    table.add_row({Cell("longer"), Cell()});
    Document document{"k", "", {}, {"the end"}};
    document.sections.emplace_back(table);
    CHECK(render_text(document, 80) ==
          "Title\n"
          "        run latency\n"
          "name         median\n"
          "                 ms\n"
          "------  -----------\n"
          "a              9.00\n"
          "longer\n"
          "- a note\n"
          "\n"
          "- the end\n");
}

TEST_CASE("no line is wider than the terminal and every column is shown once") {
    for (const std::size_t width : {40, 60, 79, 80, 120, 200}) {
        CAPTURE(width);
        const std::string text = render_text(wide_document(), width);
        CHECK(widest_line(text) <= width);
        for (int i = 0; i < 12; ++i) CHECK(count_of(text, fmt::format(" {}.0", i + 1)) == 1);
    }
}

TEST_CASE("parts repeat the first column and keep groups together") {
    const std::string text = render_text(wide_document(), 100);
    CHECK(count_of(text, "monolithic") == 2);
    CHECK(count_of(render_text(wide_document(), 300), "monolithic") == 1);
}

TEST_CASE("a narrow terminal is taken for forty characters") {
    CHECK(render_text(wide_document(), 0) == render_text(wide_document(), 40));
}

TEST_CASE("facts stand in two columns and long ones wrap") {
    FactList facts{"f", "Facts", {}};
    facts.add("a", "short", Unit::kTime, Nanoseconds(1'000));
    facts.add("b", "reason", Unit::kText, Cell("one two three four five six seven eight nine ten"));
    Document document{"k", "", {}, {}};
    document.sections.emplace_back(facts);
    CHECK(render_text(document, 40) ==
          "Facts\n"
          "short   1.00 us\n"
          "reason  one two three four five six\n"
          "        seven eight nine ten\n");
}

TEST_CASE("an empty table says so") {
    Document document{"k", "", {}, {}};
    document.sections.emplace_back(Table{"t", "T", {{"a", "a", Unit::kText, "", false}}, {}, {}});
    CHECK(render_text(document, 80) == "T\n(no rows)\n");
}

TEST_CASE("text is wrapped at spaces, in words that are too long, and never inside a character") {
    using Lines = std::vector<std::string>;
    CHECK(wrap_text("", 5) == Lines{""});
    CHECK(wrap_text("ab cd ef", 5) == Lines{"ab cd", "ef"});
    CHECK(wrap_text("abcdefgh", 3) == Lines{"abc", "def", "gh"});
    CHECK(wrap_text("a bcdefgh", 3) == Lines{"a", "bcd", "efg", "h"});
    CHECK(wrap_text("\xC3\xA4\xC3\xB6\xC3\xBC", 2) == Lines{"\xC3\xA4\xC3\xB6", "\xC3\xBC"});
}

}  // namespace carbonedge
