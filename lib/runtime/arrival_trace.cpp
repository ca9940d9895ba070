#include "lib/runtime/arrival_trace.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/carbon/intensity_series.h"
#include "lib/formats/csv.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

namespace carbonedge {
namespace {

constexpr std::size_t kMostRows = 10'000'000;
/// Nobody replays a year of requests; what lies further apart is another unit than was meant.
constexpr double kLongestSeconds = 366.0 * 86'400;

struct TimeUnit {
    std::string_view name;
    double seconds;
};
constexpr std::array<TimeUnit, 7> kUnits{
    {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86'400}}};
constexpr std::array<std::string_view, 7> kKnownNames{"timestamp",    "time",       "datetime", "arrival",
                                                      "arrival_time", "start_time", "offset"};

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return lower;
}

std::optional<double> unit_seconds(std::string_view name) {
    for (const TimeUnit& unit : kUnits) {
        if (unit.name == name) return unit.seconds;
    }
    return std::nullopt;
}

/// The unit in "arrival_s"; "" where there is none.
std::string unit_in(std::string_view name) {
    const std::size_t at = name.rfind('_');
    if (at == std::string_view::npos) return "";
    const std::string unit = lower_case(name.substr(at + 1));
    return unit_seconds(unit) ? unit : "";
}

bool is_known(std::string_view name) {
    std::string lower = lower_case(name);
    const std::string unit = unit_in(lower);
    if (!unit.empty()) lower.resize(lower.size() - unit.size() - 1);
    return std::find(kKnownNames.begin(), kKnownNames.end(), lower) != kKnownNames.end();
}

std::size_t find_column(const CsvTable& table, const std::string& name) {
    if (!name.empty()) return table.column(name);
    const std::vector<std::string>& names = table.header().fields;
    const auto found = std::find_if(names.begin(), names.end(), is_known);
    if (found == names.end()) {
        throw InputError(table.file(), table.header().line,
                         fmt::format("no column is known to hold arrival times (timestamp, time, datetime, arrival, "
                                     "arrival_time, start_time, offset); name it with --trace-column, one of '{}'",
                                     fmt::join(names, "', '")));
    }
    return static_cast<std::size_t>(found - names.begin());
}

/// Seconds since 1970 of a calendar time, with its fraction, which parse_utc() drops.
std::optional<double> calendar_seconds(const std::string& text) {
    const std::optional<UtcSeconds> whole = parse_utc(text);
    if (!whole) return std::nullopt;
    double fraction = 0;
    if (const std::size_t point = text.find('.'); point != std::string::npos) {
        double digit = 0.1;
        for (std::size_t i = point + 1; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
             ++i) {
            fraction += digit * (text[i] - '0');
            digit /= 10;
        }
    }
    return static_cast<double>(whole->time_since_epoch().count()) + fraction;
}

}  // namespace

TraceColumn parse_trace_column(std::string_view text, const std::string& option) {
    TraceColumn column;
    const std::size_t colon = text.rfind(':');
    column.name = std::string(text.substr(0, colon));
    if (colon == std::string_view::npos) return column;
    column.unit = std::string(text.substr(colon + 1));
    if (!unit_seconds(column.unit)) {
        std::vector<std::string> names;
        for (const TimeUnit& unit : kUnits) names.emplace_back(unit.name);
        throw UsageError(option + ": " + unknown_name_message("unit", column.unit, names));
    }
    return column;
}

ArrivalTrace read_arrival_trace(std::string_view text, const std::string& file, const TraceColumn& wanted) {
    const CsvTable table = read_csv(text, file);
    if (table.rows().empty()) throw InputError(file, 0, "holds no request");
    if (table.rows().size() > kMostRows) {
        throw InputError(file, 0,
                         fmt::format("holds {} requests, at most {} are taken", table.rows().size(), kMostRows));
    }
    const std::size_t column = find_column(table, wanted.name);
    ArrivalTrace trace;
    trace.column = table.header().fields[column];
    const std::string unit = wanted.unit.empty() ? unit_in(trace.column) : wanted.unit;
    std::vector<double> times;
    times.reserve(table.rows().size());
    for (const CsvRow& row : table.rows()) {
        const std::string& field = row.fields[column];
        if (!unit.empty()) {
            times.push_back(table.number(row, column) * *unit_seconds(unit));
        } else if (const std::optional<double> calendar = calendar_seconds(field)) {
            times.push_back(*calendar);
        } else {
            throw InputError(
                file, row.line,
                fmt::format("column '{}' is '{}', expected a time such as 2023-11-16 18:15:46.68; where numbers stand "
                            "there, name their unit with --trace-column {}:s",
                            trace.column, field, trace.column));
        }
    }
    trace.reordered = !std::is_sorted(times.begin(), times.end());
    std::sort(times.begin(), times.end());
    if (times.back() - times.front() > kLongestSeconds) {
        throw InputError(file, 0,
                         fmt::format("column '{}' spans {:.3g} days, at most 366 are taken; is its unit another?",
                                     trace.column, (times.back() - times.front()) / 86'400));
    }
    trace.offsets.reserve(times.size());
    for (const double time : times) trace.offsets.push_back(to_nanoseconds(Seconds(time - times.front())));
    return trace;
}

}  // namespace carbonedge
