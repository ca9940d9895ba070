#include "lib/report/pictures/trend_picture.h"

#include "lib/report/pictures/specifications.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include <type_traits>

namespace carbonedge {
namespace {

constexpr std::size_t kMostEntries = 500;

std::optional<double> number_of(const Cell& cell) {
    return std::visit(
        [](const auto& value) -> std::optional<double> {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::string>) {
                return std::nullopt;
            } else if constexpr (std::is_same_v<T, Nanoseconds>) {
                return static_cast<double>(value.count());
            } else if constexpr (std::is_arithmetic_v<T>) {
                return static_cast<double>(value);
            } else {
                return static_cast<double>(value.value());
            }
        },
        cell);
}

std::string text_of(const Cell& cell) {
    const auto* text = std::get_if<std::string>(&cell);
    return text == nullptr ? "" : *text;
}

std::optional<std::size_t> column_of(const Table& table, const std::string& key) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].key == key) return i;
    }
    return std::nullopt;
}

Table empty_values() {
    return {"trend",
            "Trend",
            {{"position", "entry", Unit::kCount, "", false},
             {"commit", "commit", Unit::kText, "", false},
             {"metric", "metric", Unit::kText, "", false},
             {"relative", "of the first", Unit::kPercent, "", false}},
            {},
            {}};
}

/// The numbers of one metric from entry `first` on, as shares of the first of them.
std::vector<double> add_metric(Table& values, const Table& trend, std::size_t column, std::size_t first) {
    std::vector<double> shares;
    double reference = 0;
    const auto mark = column_of(trend, "mark");
    for (std::size_t row = first; row < trend.rows.size(); ++row) {
        const auto value = number_of(trend.rows[row][column]);
        // What was measured under other conditions is in no series, and its row says so.
        const bool apart = mark && text_of(trend.rows[row][*mark]).starts_with("other conditions");
        if (!value || *value == 0 || apart) continue;
        if (reference == 0) reference = *value;
        shares.push_back(100 * *value / reference);
        values.add_row({static_cast<std::int64_t>(row + 1), text_of(trend.rows[row][0]), trend.columns[column].key,
                        shares.back()});
    }
    return shares;
}

Table level_changes(const Table& trend, const Table* changes, std::size_t first) {
    Table table{"changes",
                "Changes of level",
                {{"position", "entry", Unit::kCount, "", false},
                 {"commit", "commit", Unit::kText, "", false},
                 {"metric", "metric", Unit::kText, "", false},
                 {"change", "change", Unit::kPercent, "", true}},
                {},
                {}};
    if (changes == nullptr) return table;
    const auto metric = column_of(*changes, "metric");
    const auto commit = column_of(*changes, "commit");
    const auto change = column_of(*changes, "change");
    if (!metric || !commit || !change) return table;
    for (const auto& row : changes->rows) {
        const std::string from = text_of(row[*commit]);
        for (std::size_t entry = first; entry < trend.rows.size(); ++entry) {
            if (text_of(trend.rows[entry][0]) != from) continue;
            table.add_row({static_cast<std::int64_t>(entry + 1), from, text_of(row[*metric]), row[*change]});
            break;
        }
    }
    return table;
}

}  // namespace

std::vector<Picture> trend_pictures(const Document& history) {
    const Section* section = find_section(history, "trend");
    const auto* trend = section == nullptr ? nullptr : std::get_if<Table>(section);
    if (trend == nullptr) return {};
    const std::size_t first = trend->rows.size() > kMostEntries ? trend->rows.size() - kMostEntries : 0;
    Table values = empty_values();
    ColumnPlot plot;
    for (std::size_t i = 0; i < trend->columns.size(); ++i) {
        if (!column_of(*trend, trend->columns[i].key + "_change")) continue;
        std::vector<double> shares = add_metric(values, *trend, i, first);
        if (plot.values.empty() && shares.size() > 1) {
            plot.values = std::move(shares);
            plot.unit = "% of the first " + trend->columns[i].key;
        }
    }
    if (plot.values.size() < 2) return {};
    const Section* moved = find_section(history, "changes");
    Picture picture;
    picture.name = "trend";
    picture.title = "Trend";
    picture.caption =
        "Each number of the history as a share of its first; a dashed line is where a metric moved to another level.";
    if (first > 0) {
        picture.caption += fmt::format(" The last {} of {} entries.", kMostEntries, trend->rows.size());
    }
    picture.plot = std::move(plot);
    picture.specification = std::string(trend_specification);
    picture.numbers = {std::move(values),
                       level_changes(*trend, moved == nullptr ? nullptr : std::get_if<Table>(moved), first)};
    return {std::move(picture)};
}

}  // namespace carbonedge
