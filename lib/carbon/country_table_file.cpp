#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/carbon/country_table.h"
#include "lib/formats/csv.h"
#include "lib/formats/header_lines.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace carbonedge {

extern const std::string_view country_table_text;

namespace {

constexpr int kNewest = 1;
constexpr int kFirstYear = 1990;
constexpr int kLastYear = 2100;
constexpr std::array<std::string_view, 5> kColumns{"code", "name", "year", "intensity_gco2e_per_kwh", "source"};

template <class Enumeration>
Enumeration one_of(const JsonCursor& cursor, Enumeration first, Enumeration second,
                   std::string_view (*name)(Enumeration)) {
    for (const Enumeration value : {first, second}) {
        if (name(value) == cursor.text()) return value;
    }
    cursor.refuse(fmt::format("'{}' is neither {} nor {}", cursor.text(), name(first), name(second)));
}

std::string text_in(const JsonCursor& source, std::string_view key) {
    std::string text = source.at(key).text();
    if (text.empty()) source.at(key).refuse("is empty; a figure without its source is none");
    return text;
}

/// What all rows of a source have in common, by the source's id.
std::map<std::string, CountryIntensity> read_sources(const JsonCursor& sources) {
    std::map<std::string, CountryIntensity> found;
    for (const JsonCursor& source : sources.elements()) {
        source.expect_only({"id", "publisher", "dataset", "url", "licence", "signal", "scope", "remark"});
        CountryIntensity row;
        row.source = fmt::format("{}, {}", text_in(source, "publisher"), text_in(source, "dataset"));
        row.url = text_in(source, "url");
        row.licence = text_in(source, "licence");
        row.signal = one_of(source.at("signal"), IntensitySignal::kAverage, IntensitySignal::kMarginal, signal_name);
        row.scope = one_of(source.at("scope"), IntensityScope::kDirect, IntensityScope::kLifecycle, scope_name);
        if (const auto remark = source.find("remark")) row.remark = remark->text();
        row.source_id = text_in(source, "id");
        if (!found.emplace(row.source_id, row).second) source.at("id").refuse("is the id of two sources");
    }
    return found;
}

bool is_code(std::string_view code) {
    return code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& letter : result) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    return result;
}

}  // namespace

std::vector<CountryIntensity> read_country_table(std::string_view text, const std::string& file) {
    const HeaderLines lines = take_header_lines(text, file);
    if (lines.members.empty())
        throw InputError(file, 1, "is no table of countries, expected '# schema: \"carbonedge.countries/1\"'");
    const JsonDocument header = read_json_members(lines.members, file);
    const JsonCursor root = header.root();
    root.expect_only({"schema", "sources"});
    expect_schema(root.at("schema").text(), "countries", kNewest, file, root.at("schema").line());
    const std::map<std::string, CountryIntensity> sources = read_sources(root.at("sources"));

    const CsvTable table = read_csv(lines.rest, file, lines.line);
    table.expect_columns(kColumns);
    std::vector<CountryIntensity> countries;
    countries.reserve(table.rows().size());
    for (const CsvRow& row : table.rows()) {
        const auto source = sources.find(row.fields[4]);
        if (source == sources.end()) {
            std::vector<std::string> ids;
            for (const auto& [id, unused] : sources) ids.push_back(id);
            throw InputError(file, row.line, unknown_name_message("source", row.fields[4], ids));
        }
        CountryIntensity country = source->second;
        country.code = row.fields[0];
        if (!is_code(country.code)) table.refuse(row, 0, "two capital letters such as DE (ISO 3166-1)");
        country.name = row.fields[1];
        if (country.name.empty()) table.refuse(row, 1, "a name");
        country.year = static_cast<int>(table.integer(row, 2, kFirstYear, kLastYear));
        country.intensity = CarbonIntensity(table.number(row, 3, 0, 1e6));
        if (!countries.empty() && countries.back().code >= country.code) {
            throw InputError(
                file, row.line,
                fmt::format("'{}' comes after '{}': the codes ascend, each once", country.code, countries.back().code));
        }
        countries.push_back(std::move(country));
    }
    if (countries.empty()) throw InputError(file, 0, "holds no country");
    return countries;
}

const std::vector<CountryIntensity>& built_in_countries() {
    static const std::vector<CountryIntensity> table =
        read_country_table(country_table_text, "the built-in table of countries");
    return table;
}

const CountryIntensity& find_country(std::span<const CountryIntensity> table, std::string_view code) {
    const std::string wanted = upper(code);
    const auto found =
        std::lower_bound(table.begin(), table.end(), wanted,
                         [](const CountryIntensity& row, const std::string& at) { return row.code < at; });
    if (found != table.end() && found->code == wanted) return *found;
    std::vector<std::string> codes;
    for (const CountryIntensity& row : table) codes.push_back(row.code);
    throw UsageError(unknown_name_message("country", code, codes) +
                     "; carbonedge report intensity --countries lists them, a number or a series can stand instead");
}

}  // namespace carbonedge
