#include "lib/carbon/country_table.h"
#include "tests/support/error_text.h"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace carbonedge {
namespace {

const std::string kHeader =
    "# schema: \"carbonedge.countries/1\"\n"
    "# sources: [{\"id\":\"a\",\"publisher\":\"P\",\"dataset\":\"D "
    "2024\",\"url\":\"https://p.example/d\",\"licence\":\"CC BY "
    "4.0\",\"signal\":\"average\",\"scope\":\"lifecycle\",\"remark\":\"imports left out\"}]\n"
    "code,name,year,intensity_gco2e_per_kwh,source\n";

}  // namespace

TEST_CASE("a table of countries is read with the year and the source of every figure") {
    const auto table = read_country_table(kHeader + "DE,Germany,2023,381,a\nFR,France,2022,56.5,a\n", "t.csv");
    REQUIRE(table.size() == 2);
    CHECK(table[1].code == "FR");
    CHECK(table[1].year == 2022);
    CHECK(table[1].intensity.value() == 56.5);
    CHECK(table[1].scope == IntensityScope::kLifecycle);
    CHECK(table[1].source == "P, D 2024");
    CHECK(table[1].licence == "CC BY 4.0");
    CHECK(table[1].remark == "imports left out");
    CHECK(find_country(table, "fr").name == "France");
    CHECK(error_text([&] { find_country(table, "FX"); }).starts_with("unknown country 'FX' (did you mean 'FR'?)"));
}

TEST_CASE("a table of countries without year, source or order is refused with its line") {
    struct Case {
        std::string text;
        std::string message;
    };
    const std::string no_licence =
        "# schema: \"carbonedge.countries/1\"\n# sources: "
        "[{\"id\":\"a\",\"publisher\":\"P\",\"dataset\":\"D\",\"url\":\"u\","
        "\"licence\":\"\",\"signal\":\"average\",\"scope\":\"direct\"}]\ncode,name,year,intensity_gco2e_per_kwh,"
        "source\n"
        "DE,Germany,2023,381,a\n";
    const std::vector<Case> cases{
        {kHeader + "DE,Germany,2023,381,b\n", "t.csv:4: unknown source 'b' (did you mean 'a'?); valid: a"},
        {kHeader + "DE,Germany,,381,a\n", "t.csv:4: column 'year' is"},
        {kHeader + "DE,Germany,2023,-1,a\n", "t.csv:4: column 'intensity_gco2e_per_kwh' is"},
        {kHeader + "de,Germany,2023,1,a\n", "t.csv:4: column 'code' is"},
        {kHeader + "FR,France,2023,1,a\nDE,Germany,2023,1,a\n",
         "t.csv:5: 'DE' comes after 'FR': the codes ascend, each once"},
        {kHeader, "t.csv: holds no country"},
        {no_licence, "t.csv:2: is empty; a figure without its source is none"},
        {"code,name\n", "t.csv:1: is no table of countries"},
        {"# schema: \"carbonedge.countries/2\"\n# sources: []\n", "t.csv:1: has schema version 2"},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.message);
        CHECK(error_text([&] { read_country_table(wrong.text, "t.csv"); }).starts_with(wrong.message));
    }
}

TEST_CASE("the built-in table says of every figure whose it is and under which licence") {
    const std::vector<CountryIntensity>& table = built_in_countries();
    CHECK(table.size() >= 60);
    for (const CountryIntensity& row : table) {
        CAPTURE(row.code);
        CHECK(row.year >= 2020);
        CHECK(row.url.starts_with("https://"));
        CHECK_FALSE(row.source.empty());
        CHECK_FALSE(row.licence.empty());
        CHECK(row.intensity.value() > 10);
        CHECK(row.intensity.value() < 1000);
    }
    // As the publisher's page shows them, in whole grams.
    for (const auto& [code, grams] :
         {std::pair("DE", 381), std::pair("FR", 56), std::pair("IN", 713), std::pair("AU", 549), std::pair("CN", 582),
          std::pair("BR", 98), std::pair("CA", 170)}) {
        CAPTURE(code);
        CHECK(std::abs(find_country(table, code).intensity.value() - grams) <= 0.5);
    }
}

}  // namespace carbonedge
