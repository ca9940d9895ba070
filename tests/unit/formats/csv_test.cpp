#include "lib/formats/csv.h"

#include "lib/base/errors.h"
#include "lib/base/random.h"
#include "tests/support/error_text.h"

#include <csv.h>
#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <optional>

namespace carbonedge {
namespace {

std::string csv_error(std::string_view text) {
    return error_text([&] { read_csv(text, "a.csv"); });
}

/// What libcsv makes of a text that it gets in one piece: rows of fields, or nothing where it refuses.
std::optional<std::vector<std::vector<std::string>>> rows_of_libcsv(const std::string& text) {
    struct Rows {
        std::vector<std::vector<std::string>> done;
        std::vector<std::string> row;
    } rows;
    csv_parser parser{};
    REQUIRE(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0);
    csv_set_space_func(&parser, [](unsigned char) { return 0; });
    const auto field = [](void* bytes, std::size_t size, void* to) {
        static_cast<Rows*>(to)->row.emplace_back(static_cast<const char*>(bytes), size);
    };
    const auto end = [](int, void* to) {
        auto& into = *static_cast<Rows*>(to);
        into.done.push_back(std::move(into.row));
        into.row.clear();
    };
    const bool read = csv_parse(&parser, text.data(), text.size(), field, end, &rows) == text.size() &&
                      csv_fini(&parser, field, end, &rows) == 0;
    csv_free(&parser);
    if (!read) return std::nullopt;
    return rows.done;
}

}  // namespace

TEST_CASE("a scan sees the rows that libcsv sees in any text") {
    SeededRandom random(12);
    const std::string alphabet = "ab ,,,\"\n\n\r";
    int read = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = "x,y\n";
        for (std::uint64_t left = random.below(24); left > 0; --left) text += alphabet[random.below(alphabet.size())];
        CAPTURE(text);
        const auto expected = rows_of_libcsv(text);
        const bool fits = expected && std::all_of(expected->begin(), expected->end(),
                                                  [](const auto& row) { return row.size() == 2; });
        std::vector<std::vector<std::string>> seen{{"x", "y"}};
        bool refused = false;
        try {
            CsvScan scan(text, "a.csv");
            CsvFields row;
            while (scan.next(row)) seen.push_back(kept_row(row).fields);
        } catch (const InputError&) {
            refused = true;
        }
        REQUIRE(refused == !fits);
        if (!fits) continue;
        REQUIRE(seen == *expected);
        ++read;
    }
    CHECK(read > 1000);
}

TEST_CASE("CSV keeps blanks, quotes and newlines of fields, and rows know their line") {
    const CsvTable table = read_csv("a,b\r\n1,\"x\ny\"\n\n 2 ,\"say \"\"hi\"\"\"\r\n,\n", "a.csv", 5);
    CHECK(table.header().line == 5);
    REQUIRE(table.rows().size() == 3);
    CHECK(table.rows()[0].line == 6);
    CHECK(table.rows()[0].fields == std::vector<std::string>{"1", "x\ny"});
    CHECK(table.rows()[1].line == 9);
    CHECK(table.rows()[1].fields == std::vector<std::string>{" 2 ", "say \"hi\""});
    CHECK(table.rows()[2].fields == std::vector<std::string>{"", ""});
}

TEST_CASE("the last CSV line may lack its newline and rows may end in lone carriage returns") {
    CHECK(read_csv("a,b\n1,2", "a.csv").rows().size() == 1);
    const CsvTable table = read_csv("a,b\r1,2\r3,4", "a.csv");
    REQUIRE(table.rows().size() == 2);
    CHECK(table.rows()[1].line == 1);
}

TEST_CASE("what is not CSV is refused with its line") {
    struct Row {
        std::string text;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"", "a.csv: is empty; expected CSV with a line of column names"},
        {"\n\n", "a.csv: is empty; expected CSV with a line of column names"},
        {"a,b\n1,2\n3\n", "a.csv:3: has 1 fields, but there are 2 columns"},
        {"\na,b\n1,2,3\n", "a.csv:3: has 3 fields, but there are 2 columns"},
        {"a,,b\n", "a.csv:1: a column has no name"},
        {"a,b,a\n", "a.csv:1: duplicate column 'a'"},
        {"a,b\n1,x\"y\n", "a.csv:2: a quote stands inside a field; write the field in quotes and its quotes twice"},
        {"a,b\n1,\"x\"y\n", "a.csv:2: a quote stands inside a field; write the field in quotes and its quotes twice"},
        {"a,b\n1,\"x\n\n", "a.csv:2: a field that starts with a quote is never closed"},
        {"\xEF\xBB\xBF"
         "a\n",
         "a.csv:1: starts with a byte order mark; save it as UTF-8 without one"},
        {"\n\xEF\xBB\xBF"
         "a\n",
         "a.csv:2: starts with a byte order mark; save it as UTF-8 without one"},
        {std::string("a\n\0", 3), "a.csv:2: contains a NUL byte; expected text"},
        {"a\n\n\xC3(\n", "a.csv:3: byte 0xc3 is not UTF-8; expected text in UTF-8"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(csv_error(row.text) == row.expected);
    }
}

TEST_CASE("columns and fields are checked by name") {
    const CsvTable table = read_csv("name,count,ok\nx,7,true\n", "a.csv");
    const CsvRow& row = table.rows()[0];
    CHECK(table.column("count") == 1);
    CHECK(table.integer(row, 1, 0, 9) == 7);
    CHECK(table.number(row, 1) == 7.0);
    CHECK(table.boolean(row, 2));
    CHECK(error_text([&] { (void)table.column("counts"); }) == "a.csv:1: missing column 'counts' (there is 'count')");
    CHECK(error_text([&] { (void)table.column("xyzzy"); }) == "a.csv:1: missing column 'xyzzy'");
    CHECK(error_text([&] { (void)table.integer(row, 0, 0, 9); }) ==
          "a.csv:2: column 'name' is 'x', expected a whole number within [0, 9]");
    CHECK(error_text([&] { (void)table.integer(row, 1, 8, 9); }) ==
          "a.csv:2: column 'count' is '7', expected a whole number within [8, 9]");
    CHECK(error_text([&] { (void)table.number(row, 2); }) ==
          "a.csv:2: column 'ok' is 'true', expected a finite number");
    CHECK(error_text([&] { (void)table.number(row, 1, 8); }) ==
          "a.csv:2: column 'count' is '7', expected a number of at least 8");
    CHECK(error_text([&] { (void)table.boolean(row, 0); }) == "a.csv:2: column 'name' is 'x', expected true or false");
    using namespace std::string_view_literals;
    table.expect_columns(std::array{"name"sv, "count"sv, "ok"sv});
    CHECK(error_text([&] {
              table.expect_columns(std::array{"name"sv, "counts"sv, "ok"sv});
          }) == "a.csv:1: column 2 is 'count', expected 'counts'");
    CHECK(error_text([&] {
              table.expect_columns(std::array{"name"sv, "count"sv});
          }) == "a.csv:1: unknown column 'ok' after the last, 'count'");
    CHECK(error_text([&] {
              table.expect_columns(std::array{"name"sv, "count"sv, "ok"sv, "z"sv});
          }) == "a.csv:1: missing column 'z'");
    for (const std::string text : {"nan", "inf", "1e999", "", "1 ", "0x1", "+1"}) {
        CAPTURE(text);
        const CsvTable numbers = read_csv("n,m\n\"" + text + "\",1\n", "a.csv");
        CHECK_THROWS_AS((void)numbers.number(numbers.rows()[0], 0), InputError);
        CHECK_THROWS_AS((void)numbers.integer(numbers.rows()[0], 0, 0, 9), InputError);
    }
}

TEST_CASE("random CSV fields survive writing and reading") {
    SeededRandom random(11);
    const std::string alphabet = "ab ,\"\n\r\t;'#\\\xC3\xA4";
    for (int round = 0; round < 300; ++round) {
        const std::size_t width = 1 + random.below(6);
        std::vector<std::string> names;
        for (std::size_t i = 0; i < width; ++i) names.push_back("c" + std::to_string(i));
        std::string text = csv_line(names);
        std::vector<std::vector<std::string>> rows(random.below(8));
        for (auto& row : rows) {
            for (std::size_t i = 0; i < width; ++i) {
                std::string field;
                for (std::uint64_t left = random.below(7); left > 0; --left) {
                    const std::size_t at = random.below(alphabet.size() - 1);
                    field += at >= alphabet.size() - 2 ? alphabet.substr(alphabet.size() - 2) : alphabet.substr(at, 1);
                }
                row.push_back(field);
            }
            text += csv_line(row);
        }
        const CsvTable table = read_csv(text, "a.csv");
        REQUIRE(table.rows().size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) REQUIRE(table.rows()[i].fields == rows[i]);
    }
}

}  // namespace carbonedge
