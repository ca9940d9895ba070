#include "lib/report/document.h"

#include <doctest/doctest.h>
#include <stdexcept>

namespace carbonedge {

TEST_CASE("machine names end in their unit") {
    struct Row {
        Unit unit;
        std::string name;
    };
    for (const Row& row :
         {Row{Unit::kText, "x"}, Row{Unit::kCount, "x"}, Row{Unit::kNumber, "x"}, Row{Unit::kPercent, "x_percent"},
          Row{Unit::kPerSecond, "x_per_second"}, Row{Unit::kTime, "x_ns"}, Row{Unit::kEnergy, "x_joules"},
          Row{Unit::kCarbon, "x_gco2e"}, Row{Unit::kSize, "x_bytes"}, Row{Unit::kPower, "x_watts"},
          Row{Unit::kIntensity, "x_gco2e_per_kwh"}}) {
        CHECK(machine_name(Column{"x", "", row.unit, "", false}) == row.name);
    }
}

TEST_CASE("a row must fit its columns") {
    Table table{"t", "", {{"a", "a", Unit::kText, "", false}, {"b", "b", Unit::kTime, "", false}}, {}, {}};
    table.add_row({Cell("x"), Cell(Nanoseconds(1))});
    table.add_row({Cell(), Cell()});
    CHECK_THROWS_AS(table.add_row({Cell("x")}), std::logic_error);
    CHECK_THROWS_AS(table.add_row({Cell("x"), Cell(1.0)}), std::logic_error);
    CHECK_THROWS_AS(table.add_row({Cell("x"), Cell(Joules(1))}), std::logic_error);
    CHECK(table.rows.size() == 2);

    FactList facts{"f", "", {}};
    CHECK_THROWS_AS(facts.add("k", "K", Unit::kCarbon, Cell(Joules(1))), std::logic_error);
}

TEST_CASE("the main section is the first table, and sections are found by name") {
    Document document;
    CHECK_THROWS_AS(main_section(document), std::logic_error);
    document.sections.emplace_back(FactList{"facts", "", {}});
    CHECK(section_name(main_section(document)) == "facts");
    document.sections.emplace_back(Table{"stages", "", {}, {}, {}});
    CHECK(section_name(main_section(document)) == "stages");
    CHECK(find_section(document, "facts") == &document.sections[0]);
    CHECK(find_section(document, "none") == nullptr);
    CHECK(section_names(document) == std::vector<std::string>{"facts", "stages"});
}

}  // namespace carbonedge
