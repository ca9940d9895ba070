#include "lib/carbon/intensity_csv_file.h"

#include "lib/base/errors.h"
#include "lib/formats/csv.h"
#include "lib/formats/header_lines.h"
#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr int kNewest = 1;
constexpr std::size_t kBytesOfARow = 30;  // about
constexpr std::array<std::string_view, 3> kColumns{"start_utc", "intensity_gco2e_per_kwh", "estimated"};

std::string line_of(std::string_view key, const std::string& value) {
    return fmt::format("# {}: {}\n", key, write_json_line(nlohmann::ordered_json(value)));
}

template <class Enumeration>
Enumeration one_of(const JsonCursor& cursor, std::initializer_list<Enumeration> values,
                   std::string_view (*name)(Enumeration)) {
    for (const Enumeration value : values) {
        if (name(value) == cursor.text()) return value;
    }
    cursor.refuse(
        fmt::format("'{}' is not one of {} and {}", cursor.text(), name(*values.begin()), name(*(values.begin() + 1))));
}

IntensitySample sample_of(const CsvTable& table, const CsvFields& row) {
    const std::optional<UtcSeconds> start = parse_utc(row.fields[0]);
    if (!start) table.refuse(kept_row(row), 0, "a time such as 2023-01-01T00:00:00Z");
    double number = 0;
    const std::string_view text = row.fields[1];
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool plain = error == std::errc() && rest == text.data() + text.size() && number >= 0 && number <= 1e6;
    if (!plain) number = table.number(kept_row(row), 1, 0, 1e6);  // which says what is wrong
    const bool estimated = row.fields[2] == "false" ? false : table.boolean(kept_row(row), 2);
    return {*start, CarbonIntensity(number), estimated};
}

}  // namespace

IntensitySeries read_own_intensity(std::string_view text, const std::string& file, const IntensityChoice& choice) {
    const HeaderLines lines = take_header_lines(text, file);
    const JsonDocument header = read_json_members(lines.members, file);
    const JsonCursor root = header.root();
    root.expect_only({"schema", "zone", "signal", "scope", "kind", "source", "licence"});
    expect_schema(root.at("schema").text(), "intensity", kNewest, file, root.at("schema").line());
    SeriesOrigin origin;
    origin.zone = root.at("zone").text();
    origin.signal = one_of(root.at("signal"), {IntensitySignal::kAverage, IntensitySignal::kMarginal}, signal_name);
    origin.scope = one_of(root.at("scope"), {IntensityScope::kDirect, IntensityScope::kLifecycle}, scope_name);
    origin.kind = one_of(root.at("kind"), {IntensityKind::kActual, IntensityKind::kForecast}, kind_name);
    origin.source = root.at("source").text();
    origin.licence = root.at("licence").text();
    if (choice.signal && *choice.signal != origin.signal) {
        root.at("signal").refuse(
            fmt::format("is {}, --signal {} was asked for", signal_name(origin.signal), signal_name(*choice.signal)));
    }
    if (choice.scope && *choice.scope != origin.scope) {
        root.at("scope").refuse(
            fmt::format("is {}, --scope {} was asked for", scope_name(origin.scope), scope_name(*choice.scope)));
    }
    if (!choice.zone.empty() && choice.zone != origin.zone) {
        root.at("zone").refuse(fmt::format("is '{}', --zone {} was asked for", origin.zone, choice.zone));
    }
    CsvScan scan(lines.rest, file, lines.line);
    scan.header().expect_columns(kColumns);
    std::vector<IntensitySample> samples;
    samples.reserve(lines.rest.size() / kBytesOfARow);
    CsvFields row;
    while (scan.next(row)) samples.push_back(sample_of(scan.header(), row));
    if (samples.empty()) throw InputError(file, 0, "holds no intensity");
    return {std::move(origin), std::move(samples)};
}

std::string write_intensity(const IntensitySeries& series) {
    const SeriesOrigin& origin = series.origin();
    std::string text = line_of("schema", schema_text("intensity", kNewest));
    text += line_of("zone", origin.zone);
    text += line_of("signal", std::string(signal_name(origin.signal)));
    text += line_of("scope", std::string(scope_name(origin.scope)));
    text += line_of("kind", std::string(kind_name(origin.kind)));
    text += line_of("source", origin.source);
    text += line_of("licence", origin.licence);
    text += "start_utc,intensity_gco2e_per_kwh,estimated\n";
    for (const IntensitySample& sample : series.samples()) {
        text +=
            fmt::format("{},{},{}\n", utc_text(sample.start), number_text(sample.intensity.value()), sample.estimated);
    }
    return text;
}

IntensitySeries read_intensity(std::string_view text, const std::string& file, const IntensityChoice& choice) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // publishers' exports may carry a byte order mark
    if (schema_of(text).starts_with("carbonedge.")) return read_own_intensity(text, file, choice);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        throw InputError(file, 0, "is empty, a file of carbon intensities was expected");
    if (text[first] == '{' || text[first] == '[') return read_intensity_json(text, file, choice);
    return read_intensity_csv(text, file, choice);
}

}  // namespace carbonedge
