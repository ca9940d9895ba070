#include "lib/report/renderers.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

Document awkward_document() {
    Table table{"t",
                "Title",
                {{"name", "na|me", Unit::kText, "", false}, {"time", "time", Unit::kTime, "", false}},
                {},
                {"note_one"}};
    table.add_row({Cell("a,b"), Cell(Nanoseconds(1'500))});
    table.add_row({Cell("say \"hi\"\nthere"), Cell()});
    table.add_row({Cell("<b>|*x*"), Cell(Nanoseconds(0))});
    Document document{"run", "A & B", {}, {"end"}};
    FactList facts{"summary", "Summary", {}};
    facts.add("carbon", "carbon", Unit::kCarbon, GramsCo2e(.00529));
    facts.add("p95", "p95", Unit::kTime, Cell());
    document.sections.emplace_back(facts);
    document.sections.emplace_back(table);
    return document;
}

}  // namespace

TEST_CASE("CSV quotes what needs it, and nothing else and empty is empty") {
    const Document document = awkward_document();
    CHECK(render_csv(main_section(document)) ==
          "name,time_ns\n"
          "\"a,b\",1500\n"
          "\"say \"\"hi\"\"\nthere\",\n"
          "<b>|*x*,0\n");
    CHECK(render_csv(document.sections[0]) == "key,value\ncarbon_gco2e,0.00529\np95_ns,\n");
}

TEST_CASE("JSON lines have the names of the CSV, a row a line") {
    const Document document = awkward_document();
    CHECK(render_json_lines(main_section(document)) ==
          "{\"name\":\"a,b\",\"time_ns\":1500}\n"
          "{\"name\":\"say \\\"hi\\\"\\nthere\",\"time_ns\":null}\n"
          "{\"name\":\"<b>|*x*\",\"time_ns\":0}\n");
    CHECK(render_json_lines(document.sections[0]) == "{\"carbon_gco2e\":0.00529,\"p95_ns\":null}\n");
}

TEST_CASE("Markdown shows names as they are") {
    CHECK(render_markdown(awkward_document()) ==
          "# A &amp; B\n"
          "\n"
          "## Summary\n"
          "\n"
          "- **carbon:** 5.29 mg\n"
          "- **p95:** \n"
          "\n"
          "## Title\n"
          "\n"
          "| na\\|me | time \\[us\\] |\n"
          "|---|---:|\n"
          "| a,b | 1.50 |\n"
          "| say \"hi\"?there |  |\n"
          "| &lt;b&gt;\\|\\*x\\* | 0.00 |\n"
          "\n"
          "- note\\_one\n"
          "\n"
          "- end\n");
}

TEST_CASE("JSON holds exact values, null for missing, and survives bytes that are not UTF-8") {
    Document document = awkward_document();
    document.notes.emplace_back("bad \xFF byte");
    const auto json = nlohmann::json::parse(render_json(document));
    CHECK(json["schema"] == "carbonedge.report/1");
    CHECK(json["kind"] == "run");
    CHECK(json["sections"]["summary"]["facts"]["carbon_gco2e"] == .00529);
    CHECK(json["sections"]["summary"]["facts"]["p95_ns"].is_null());
    const auto& table = json["sections"]["t"];
    CHECK(table["columns"][1]["unit"] == "ns");
    CHECK(table["rows"][0]["time_ns"] == 1500);
    CHECK(table["rows"][0]["time_ns"].is_number_integer());
    CHECK(table["rows"][1]["time_ns"].is_null());
    CHECK(table["rows"][1]["name"] == "say \"hi\"\nthere");
    CHECK(render_json(document).ends_with("}\n"));
}

}  // namespace carbonedge
