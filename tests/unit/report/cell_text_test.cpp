#include "lib/report/cell_text.h"

#include <doctest/doctest.h>
#include <cmath>
#include <locale>
#include <sstream>

namespace carbonedge {
namespace {

std::vector<std::string> column_text(Unit unit, const std::vector<Cell>& cells, bool plus = false) {
    std::vector<const Cell*> pointers;
    for (const Cell& cell : cells) pointers.push_back(&cell);
    const NumberStyle style = number_style(unit, pointers, plus);
    std::vector<std::string> texts{style.unit};
    for (const Cell& cell : cells) texts.push_back(cell_text(cell, style));
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a column has one unit and enough decimals for its largest and smallest number") {
    CHECK(column_text(Unit::kTime, {Nanoseconds(9'830'000), Nanoseconds(72'000'000)}) == Texts{"ms", "9.8", "72.0"});
    CHECK(column_text(Unit::kTime, {Nanoseconds(254'850'000), Nanoseconds(272'020'000)}) == Texts{"ms", "255", "272"});
    CHECK(column_text(Unit::kTime, {Nanoseconds(1'500'000'000), Nanoseconds(20'000'000)}) ==
          Texts{"s", "1.500", "0.020"});
    CHECK(column_text(Unit::kCarbon, {GramsCo2e(.00529), GramsCo2e(.00405)}) == Texts{"mg", "5.29", "4.05"});
    CHECK(column_text(Unit::kEnergy, {Joules(35.8), Joules(38.6)}) == Texts{"J", "35.8", "38.6"});
    CHECK(column_text(Unit::kSize, {Bytes(602'112), Bytes(4'000)}) == Texts{"kB", "602.1", "4.0"});
    CHECK(column_text(Unit::kSize, {Bytes(12)}) == Texts{"B", "12"});
    CHECK(column_text(Unit::kCount, {Cell(std::int64_t{1234567})}) == Texts{"", "1234567"});
    CHECK(column_text(Unit::kPercent, {Cell(-23.478), Cell(1.0)}, true) == Texts{"%", "-23.5", "+1.0"});
    CHECK(column_text(Unit::kIntensity, {CarbonIntensity(530), CarbonIntensity(380)}) == Texts{"g/kWh", "530", "380"});
}

TEST_CASE("missing is empty, 0 is 0, and what is not 0 does not look like 0") {
    CHECK(column_text(Unit::kEnergy, {Cell(), Joules(0), Joules(12.5)}) == Texts{"J", "", "0.0", "12.5"});
    CHECK(column_text(Unit::kEnergy, {Joules(2e-6), Joules(12.5)}) == Texts{"J", "2e-06", "12.500"});
    CHECK(column_text(Unit::kCarbon, {GramsCo2e(-1e-9), GramsCo2e(.002)}, true) == Texts{"mg", "-1e-06", "+2.000"});
    CHECK(column_text(Unit::kTime, {Cell(), Cell()}) == Texts{"s", "", ""});
    CHECK(column_text(Unit::kNumber, {Cell(std::nan("")), Cell(2.0)}) == Texts{"", "-", "2.00"});
}

TEST_CASE("columns of one group share their scale, and nothing but zeros is in the plain unit") {
    Table table{"t",
                "",
                {{"a", "a", Unit::kEnergy, "g", false},
                 {"b", "b", Unit::kEnergy, "g", false},
                 {"c", "c", Unit::kEnergy, "", false},
                 {"d", "d", Unit::kTime, "g", false}},
                {},
                {}};
    table.add_row({Cell(Joules(3.2)), Cell(Joules(.0374)), Cell(Joules(.0374)), Cell(Nanoseconds(0))});
    const auto styles = column_styles(table);
    CHECK(styles[0].unit == "J");
    CHECK(styles[1].unit == "J");
    CHECK(cell_text(table.rows[0][1], styles[1]) == "0.037");
    CHECK(styles[2].unit == "mJ");
    CHECK(styles[3].unit == "s");
}

TEST_CASE("a fact carries its unit") {
    CHECK(fact_text(Nanoseconds(12'400'000), Unit::kTime) == "12.4 ms");
    CHECK(fact_text(Cell(99.5), Unit::kPercent) == "99.5 %");
    CHECK(fact_text(Cell(3.93), Unit::kPerSecond) == "3.93/s");
    CHECK(fact_text(Cell("text"), Unit::kText) == "text");
    CHECK(fact_text(Cell(), Unit::kTime).empty());
}

TEST_CASE("exact text reads back to the same value") {
    CHECK(exact_text(Cell()).empty());
    CHECK(exact_text(Nanoseconds(123'456'789'012)) == "123456789012");
    CHECK(exact_text(Cell(0.1)) == "0.1");
    CHECK(exact_text(GramsCo2e(1.0 / 3)) == "0.3333333333333333");
    CHECK(exact_text(Bytes(5)) == "5");
    CHECK(exact_text(Cell("a\nb")) == "a\nb");
}

TEST_CASE("control characters of a name reach neither terminal nor table") {
    CHECK(cell_text(Cell("a\033[31mb\nc\td"), {}) == "a?[31mb?c?d");
}

TEST_CASE("a locale with a decimal comma and grouped digits changes nothing") {
    struct Comma : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
        char do_thousands_sep() const override { return '.'; }
        std::string do_grouping() const override { return "\3"; }
    };
    const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
    std::ostringstream stream;
    stream << 1234.5;
    const std::string fact = fact_text(Nanoseconds(12'400'000), Unit::kTime);
    const std::string exact = exact_text(Cell(1234.5));
    const std::string count = fact_text(Cell(std::int64_t{1234567}), Unit::kCount);
    std::locale::global(before);
    CHECK(stream.str() == "1.234,5");  // the locale was in force
    CHECK(fact == "12.4 ms");
    CHECK(exact == "1234.5");
    CHECK(count == "1234567");
}

TEST_CASE("width counts characters, not bytes") {
    CHECK(text_width("abc") == 3);
    CHECK(text_width("\xC3\xA4\xE2\x80\xA6") == 2);
}

}  // namespace carbonedge
