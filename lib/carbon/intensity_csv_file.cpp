#include "lib/carbon/intensity_csv_file.h"

#include "lib/base/errors.h"
#include "lib/formats/csv.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace carbonedge {
namespace {

/// Fewer than any file has, so that the samples of one find room at once.
constexpr std::size_t kBytesOfARow = 40;

/// Lower case, "co₂" as "co2": publishers changed both between generations of one file.
std::string canonical(std::string_view name) {
    std::string result;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name.substr(i).starts_with("\xE2\x82\x82")) {
            result += '2';
            i += 2;
        } else {
            result += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
        }
    }
    return result;
}

/// The column with the first of `names` that the table has: an earlier name is the better one.
std::optional<std::size_t> find_column(const CsvTable& table, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        for (std::size_t i = 0; i < table.header().fields.size(); ++i) {
            if (canonical(table.header().fields[i]) == name) return i;
        }
    }
    return std::nullopt;
}

[[noreturn]] void refuse(const CsvTable& table, long line, const std::string& problem) {
    throw InputError(table.file(), line, problem);
}

std::size_t scope_column(const CsvTable& table, const IntensityChoice& choice, IntensityScope& scope) {
    const auto direct = find_column(table, {"carbon intensity gco2eq/kwh (direct)"});
    const auto lifecycle =
        find_column(table, {"carbon intensity gco2eq/kwh (lca)", "carbon intensity gco2eq/kwh (life cycle)",
                            "carbon intensity gco2eq/kwh (lifecycle)"});
    if (direct && lifecycle) {
        if (!choice.scope)
            refuse(table, 1, "holds direct and lifecycle intensities: say which, --scope direct or --scope lifecycle");
        scope = *choice.scope;
        return scope == IntensityScope::kDirect ? *direct : *lifecycle;
    }
    if (direct || lifecycle) {
        scope = direct ? IntensityScope::kDirect : IntensityScope::kLifecycle;
        if (choice.scope && *choice.scope != scope) {
            refuse(table, 1,
                   fmt::format("holds {} intensities only, --scope {} was asked for", scope_name(scope),
                               scope_name(*choice.scope)));
        }
        return direct ? *direct : *lifecycle;
    }
    const auto average = find_column(table, {"carbon_intensity_avg", "carbon_intensity"});
    if (!average) {
        refuse(table, 1,
               "has no column of intensities, expected one such as 'Carbon intensity gCO2eq/kWh (direct)' or "
               "'carbon_intensity_avg'");
    }
    if (!choice.scope)
        refuse(table, 1,
               "does not say whether it is direct or lifecycle: say which, --scope direct or --scope lifecycle");
    scope = *choice.scope;
    return *average;
}

std::optional<double> number_of(const CsvTable& table, const CsvFields& row, std::size_t column) {
    const std::string_view text = row.fields[column];
    if (text.empty()) return std::nullopt;
    double number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || rest != text.data() + text.size() || !(number >= 0) || number > 1e6) {
        refuse(table, row.line, fmt::format("the intensity '{}' is not a number from 0 to 1000000 g/kWh", text));
    }
    return number;
}

/// "true" in any case.
bool says_true(std::string_view text) {
    constexpr std::string_view kTrue = "true";
    return text.size() == kTrue.size() && std::equal(text.begin(), text.end(), kTrue.begin(), [](char one, char low) {
               return std::tolower(static_cast<unsigned char>(one)) == low;
           });
}

/// Unix seconds, or a written time.
UtcSeconds time_of(const CsvTable& table, const CsvFields& row, std::size_t column) {
    const std::string_view text = row.fields[column];
    std::int64_t unix_seconds = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), unix_seconds);
    if (error == std::errc() && rest == text.data() + text.size() && unix_seconds > 100'000'000 &&
        unix_seconds < 100'000'000'000) {
        return UtcSeconds(std::chrono::seconds(unix_seconds));
    }
    const std::optional<UtcSeconds> time = parse_utc(text);
    if (!time)
        refuse(table, row.line,
               fmt::format("the time '{}' is none, expected one such as 2023-01-01 00:00:00 (UTC)", text));
    return *time;
}

}  // namespace

IntensitySeries read_intensity_csv(std::string_view text, const std::string& file, const IntensityChoice& choice) {
    CsvScan scan(text, file);
    const CsvTable& table = scan.header();
    SeriesOrigin origin;
    origin.source = "Electricity Maps CSV";
    origin.licence = "Electricity Maps: attribute; redistribution is restricted";
    origin.signal = choice.signal.value_or(IntensitySignal::kAverage);
    if (origin.signal != IntensitySignal::kAverage)
        refuse(table, 1, "holds average intensities, --signal marginal was asked for");
    const std::size_t intensity = scope_column(table, choice, origin.scope);
    // Of the API dumps `zone_datetime` is when the value holds; `timestamp` is when it was fetched.
    const auto time = find_column(table, {"datetime (utc)", "zone_datetime", "datetime", "timestamp"});
    if (!time) refuse(table, 1, "has no column of times, expected one such as 'Datetime (UTC)'");
    const auto zone = find_column(table, {"zone id", "zone_id", "zone_name", "zone name"});
    const auto unit = find_column(table, {"carbon_intensity_unit"});
    const auto estimated = find_column(table, {"data estimated", "estimated"});
    const auto status = find_column(table, {"status"});

    std::vector<IntensitySample> samples;
    samples.reserve(text.size() / kBytesOfARow);
    std::string only_zone = choice.zone;
    std::string other_zone;  // the first that was passed over, for whoever asks for one that is not there
    std::string known_unit;  // as the file writes it
    CsvFields row;
    while (scan.next(row)) {
        if (status && row.fields[*status] != "ok") continue;
        if (zone) {
            const std::string_view name = row.fields[*zone];
            if (choice.zone.empty() && only_zone.empty()) only_zone = name;
            if (name != only_zone) {
                if (!choice.zone.empty()) {
                    if (other_zone.empty()) other_zone = name;
                    continue;
                }
                refuse(table, row.line,
                       fmt::format("holds the zones '{}' and '{}': say which, --zone {}", only_zone, name, name));
            }
        }
        if (unit && row.fields[*unit] != known_unit) {
            if (canonical(row.fields[*unit]) != "gco2eq/kwh") {
                refuse(table, row.line,
                       fmt::format("the unit '{}' is not known, expected gCO2eq/kWh", row.fields[*unit]));
            }
            known_unit = row.fields[*unit];
        }
        const std::optional<double> number = number_of(table, row, intensity);
        if (!number) continue;
        const bool was_estimated = estimated && says_true(row.fields[*estimated]);
        samples.push_back({time_of(table, row, *time), CarbonIntensity(*number), was_estimated});
    }
    if (samples.empty()) {
        const std::string other = !other_zone.empty() ? fmt::format("; it has zone '{}'", other_zone) : std::string();
        refuse(table, 0,
               only_zone.empty() ? "holds no intensity"
                                 : fmt::format("holds no intensity of zone '{}'{}", only_zone, other));
    }
    origin.zone = only_zone;
    return {std::move(origin), std::move(samples)};
}

}  // namespace carbonedge
