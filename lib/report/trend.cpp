#include "lib/report/trend.h"

#include "lib/base/quantile.h"
#include "lib/gate/change_points.h"
#include "lib/report/cell_text.h"
#include "lib/report/gate_document.h"
#include "lib/report/opening.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>

namespace carbonedge {
namespace {

constexpr double kMarkLevel = 0.01;
constexpr std::size_t kMostBlocks = 100;
constexpr std::array kMetrics{GateMetric::kLatency, GateMetric::kCpuTime, GateMetric::kEnergy, GateMetric::kCarbon,
                              GateMetric::kBytes};

std::optional<double> total_of(const Evidence& evidence, GateMetric metric) {
    for (const EvidenceQuantity& quantity : evidence.quantities) {
        if (quantity.key != QuantityKey{metric, GateScope::kTotal, ""}) continue;
        std::vector<double> sorted = quantity.units;
        std::sort(sorted.begin(), sorted.end());
        return quantile(sorted, 0.5);
    }
    return std::nullopt;
}

/// Values of one metric with the entries that have it.
struct Series {
    std::vector<std::size_t> entries;
    std::vector<double> values;
};

/// Neither another machine nor another kind of file is a change of the program: the latest entry says what is shown.
bool belongs(const Evidence& evidence, const Evidence& latest) {
    return evidence.kind == latest.kind && evidence.aspects == latest.aspects;
}

Series series_of(const History& history, GateMetric metric) {
    Series series;
    for (std::size_t i = 0; i < history.entries.size(); ++i) {
        const Evidence& evidence = history.entries[i].evidence;
        if (!belongs(evidence, history.entries.back().evidence)) continue;
        if (const auto value = total_of(evidence, metric)) {
            series.entries.push_back(i);
            series.values.push_back(*value);
        }
    }
    return series;
}

/// The latest values as block characters, lowest to highest.
std::string blocks(const std::vector<double>& values) {
    constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const std::size_t first = values.size() > kMostBlocks ? values.size() - kMostBlocks : 0;
    const auto [low, high] = std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(first), values.end());
    std::string text;
    for (std::size_t i = first; i < values.size(); ++i) {
        const double place = *high > *low ? (values[i] - *low) / (*high - *low) : 0;
        text += kBlocks[static_cast<std::size_t>(place * 7 + 0.5)];
    }
    return text;
}

Unit column_unit(GateMetric metric) {
    const Cell cell = metric_cell(metric, 1);
    if (std::holds_alternative<Nanoseconds>(cell)) return Unit::kTime;
    if (std::holds_alternative<Joules>(cell)) return Unit::kEnergy;
    return std::holds_alternative<GramsCo2e>(cell) ? Unit::kCarbon : Unit::kSize;
}

Table trend_table() {
    Table table{"trend", "Trend", {}, {}, {}};
    table.columns.push_back({"commit", "commit", Unit::kText, "", false});
    table.columns.push_back({"date_utc", "date (UTC)", Unit::kText, "when", false});
    for (const GateMetric metric : kMetrics) {
        const std::string name(gate_metric_name(metric));
        table.columns.push_back({name, name, column_unit(metric), name, false});
        table.columns.push_back({name + "_change", "change", Unit::kPercent, name, true});
    }
    table.columns.push_back({"mark", "mark", Unit::kText, "mark", false});
    return table;
}

}  // namespace

Document describe_history(const History& history, std::uint64_t seed) {
    Document document{"history", "History", {}, {}, {}};
    Table trend = trend_table();
    Table changes{"changes",
                  "Changes of level",
                  {{"metric", "metric", Unit::kText, "", false},
                   {"commit", "from commit", Unit::kText, "what", false},
                   {"change", "change", Unit::kPercent, "what", true},
                   {"p_value", "p", Unit::kNumber, "what", false}},
                  {},
                  {}};
    std::map<std::size_t, std::string> marks;
    std::vector<HistoryChange> since_first;
    std::vector<std::string> moves;
    std::size_t left_out = 0;
    std::map<std::pair<std::size_t, GateMetric>, double> change_since;
    for (const GateMetric metric : kMetrics) {
        if (history.entries.empty()) break;
        const Series series = series_of(history, metric);
        for (std::size_t i = 1; i < series.values.size(); ++i) {
            if (series.values[i - 1] > 0) {
                change_since[{series.entries[i], metric}] = 100 * (series.values[i] / series.values[i - 1] - 1);
            }
        }
        for (const ChangePoint& point : find_change_points(series.values, kMarkLevel, seed)) {
            const std::size_t entry = series.entries[point.index];
            marks[entry] += fmt::format("{}{} {:+.1f} %", marks[entry].empty() ? "" : ", ", gate_metric_name(metric),
                                        100 * point.change);
            moves.push_back(fmt::format("{} ({} {:+.1f} %)", history.entries[entry].commit, gate_metric_name(metric),
                                        100 * point.change));
            TableRow row(changes);
            row.set("metric", std::string(gate_metric_name(metric)));
            row.set("commit", history.entries[entry].commit);
            row.set("change", 100 * point.change);
            row.set("p_value", point.p_value);
            row.add();
        }
        if (series.values.size() > 1 && series.values.front() > 0) {
            since_first.push_back(
                {std::string(gate_metric_name(metric)), 100 * (series.values.back() / series.values.front() - 1)});
        }
        if (series.values.size() > 1) {
            document.notes.push_back(fmt::format("{:>9} {}", gate_metric_name(metric), blocks(series.values)));
        }
    }
    for (std::size_t i = 0; i < history.entries.size(); ++i) {
        const Evidence& evidence = history.entries[i].evidence;
        TableRow row(trend);
        row.set("commit", history.entries[i].commit);
        row.set("date_utc", evidence.date_utc);
        for (const GateMetric metric : kMetrics) {
            const std::string name(gate_metric_name(metric));
            if (const auto value = total_of(evidence, metric)) row.set(name, metric_cell(metric, *value));
            const auto change = change_since.find({i, metric});
            if (change != change_since.end()) row.set(name + "_change", change->second);
        }
        if (!belongs(evidence, history.entries.back().evidence)) {
            ++left_out;
            row.set("mark", std::string("other conditions than the last line: in no series"));
        } else if (marks.contains(i)) {
            row.set("mark", marks[i]);
        }
        row.add();
    }
    document.sections.emplace_back(std::move(trend));
    document.sections.emplace_back(std::move(changes));
    document.notes.insert(document.notes.end(), history.remarks.begin(), history.remarks.end());
    document.opening = opening_of_history(history, since_first, moves, left_out);
    return document;
}

}  // namespace carbonedge
