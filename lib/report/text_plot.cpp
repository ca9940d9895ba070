#include "lib/report/text_plot.h"

#include "lib/report/cell_text.h"
#include "lib/report/wrapped_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace carbonedge {
namespace {

constexpr std::size_t kNarrowest = 40;
constexpr std::size_t kMostRows = 40;
constexpr std::size_t kPlotHeight = 12;
constexpr std::array<const char*, 9> kEighths{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string printable(const std::string& text) { return cell_text(Cell(text), {}); }

std::string shortened(const std::string& text, std::size_t width) {
    if (text_width(text) <= width) return text;
    return wrap_text(text, width > 2 ? width - 2 : 1).front() + "..";
}

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, text_width(text)), ' ');
}

void append_line(std::string& out, std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

void append_wrapped(std::string& out, const std::string& text, std::size_t width) {
    for (std::string& line : wrap_text(printable(text), width)) append_line(out, std::move(line));
}

void append_legend(std::string& out, const std::vector<std::pair<std::string, std::string>>& legend,
                   std::size_t width) {
    std::string line;
    for (const auto& [glyph, meaning] : legend) {
        const std::string entry = glyph + " " + printable(meaning);
        if (!line.empty() && text_width(line) + 3 + text_width(entry) > width) {
            append_line(out, std::move(line));
            line.clear();
        }
        line += (line.empty() ? "" : "   ") + entry;
    }
    if (!line.empty()) append_wrapped(out, line, width);
}

/// How a segment's character looks as a block: shades tell kinds apart, letters stay.
std::string block_of(char glyph) {
    switch (glyph) {
        case '#':
        case '=':
            return "█";
        case '+':
            return "▓";
        case '-':
            return "━";
        case '.':
            return "░";
        case '~':
            return "▒";
        default:
            return {glyph};
    }
}

std::string glyph_text(char glyph, Glyphs glyphs) {
    return glyphs == Glyphs::kBlocks ? block_of(glyph) : std::string(1, glyph);
}

struct Range {
    double low = 0;
    double high = 0;

    [[nodiscard]] std::size_t column(double value, std::size_t columns) const {
        const double place = high > low ? (value - low) / (high - low) : 0;
        return static_cast<std::size_t>(std::clamp(place, 0.0, 1.0) * static_cast<double>(columns - 1) + 0.5);
    }
};

Range range_of(const RowPlot& plot) {
    Range range{INFINITY, -INFINITY};
    const auto include = [&](double value) {
        range.low = std::min(range.low, value);
        range.high = std::max(range.high, value);
    };
    for (const PlotRow& row : plot.rows) {
        for (const Segment& segment : row.segments) {
            include(segment.from);
            include(segment.to);
        }
        if (row.mark) include(*row.mark);
    }
    if (plot.rule) include(*plot.rule);
    return range.low <= range.high ? range : Range{};
}

std::string row_line(const PlotRow& row, const RowPlot& plot, const Range& range, std::size_t columns, Glyphs glyphs) {
    std::vector<std::string> line(columns, " ");
    if (plot.rule) line[range.column(*plot.rule, columns)] = glyphs == Glyphs::kBlocks ? "│" : "|";
    for (const Segment& segment : row.segments) {
        const std::size_t from = range.column(segment.from, columns);
        const std::size_t to = range.column(segment.to, columns);
        // A segment ends where the next begins; one that is too short for a column still shows.
        for (std::size_t k = from; k < std::max(to, from + 1); ++k) line[k] = glyph_text(segment.glyph, glyphs);
    }
    if (row.mark) line[range.column(*row.mark, columns)] = glyphs == Glyphs::kBlocks ? "●" : "O";
    return std::accumulate(line.begin(), line.end(), std::string());
}

void append_plot(std::string& out, const RowPlot& plot, std::size_t width, Glyphs glyphs) {
    std::size_t labels = 0;
    std::size_t values = 0;
    for (const PlotRow& row : plot.rows) {
        labels = std::max(labels, text_width(printable(row.label)));
        values = std::max(values, text_width(printable(row.value)));
    }
    labels = std::min(labels, width / 3);
    values = std::min(values, width / 3);
    const std::size_t columns = std::max<std::size_t>(10, width - labels - values - (values > 0 ? 2 : 1) - 1);
    const Range range = range_of(plot);
    for (std::size_t i = 0; i < std::min(plot.rows.size(), kMostRows); ++i) {
        const PlotRow& row = plot.rows[i];
        append_line(out, padded(shortened(printable(row.label), labels), labels) + " " +
                             row_line(row, plot, range, columns, glyphs) + " " +
                             shortened(printable(row.value), values));
    }
    if (plot.rows.size() > kMostRows) append_line(out, fmt::format("({} more)", plot.rows.size() - kMostRows));
    const std::string low = printable(plot.low_text);
    const std::string high = printable(plot.high_text);
    const std::size_t gap = columns - std::min(columns, text_width(low) + text_width(high));
    append_line(out, std::string(labels + 1, ' ') + low + std::string(std::max<std::size_t>(gap, 1), ' ') + high);
    std::vector<std::pair<std::string, std::string>> legend;
    for (const auto& [glyph, meaning] : plot.legend) {
        legend.emplace_back(glyph == 'O' && glyphs == Glyphs::kBlocks ? "●" : glyph_text(glyph, glyphs), meaning);
    }
    append_legend(out, legend, width);
}

/// The values of positions [first, end) as one column shows them.
double folded(const ColumnPlot& plot, std::size_t first, std::size_t end) {
    double value = std::nan("");
    for (std::size_t i = first; i < end; ++i) {
        if (std::isnan(plot.values[i])) continue;
        const double before = std::isnan(value) ? 0 : value;
        value = plot.sum ? before + plot.values[i] : std::max(before, plot.values[i]);
    }
    return value;
}

std::string column_glyph(double level, Glyphs glyphs) {
    if (glyphs == Glyphs::kAscii) return level >= 0.75 ? "#" : level >= 0.25 ? ":" : " ";
    return kEighths[static_cast<std::size_t>(std::clamp(level, 0.0, 1.0) * 8 + 0.5)];
}

void append_plot(std::string& out, const ColumnPlot& plot, std::size_t width, Glyphs glyphs) {
    if (plot.values.empty()) return append_line(out, "(nothing to draw)");
    constexpr std::size_t kScale = 9;  // characters left of the plot
    const std::size_t room = width - kScale;
    const std::size_t columns = std::min(room, plot.values.size());
    const std::size_t wide = std::max<std::size_t>(1, std::min<std::size_t>(8, room / plot.values.size()));
    std::vector<double> values(columns);
    for (std::size_t k = 0; k < columns; ++k) {
        values[k] = folded(plot, k * plot.values.size() / columns, (k + 1) * plot.values.size() / columns);
    }
    double highest = 0;
    for (const double value : values) highest = std::isnan(value) ? highest : std::max(highest, value);
    const std::size_t height = kPlotHeight / 2 + 2;
    for (std::size_t line = 0; line < height; ++line) {
        const std::size_t below = height - 1 - line;
        std::string text = line == 0    ? fmt::format("{:>{}.3g} ", highest, kScale - 1)
                           : below == 0 ? fmt::format("{:>{}} ", 0, kScale - 1)
                                        : std::string(kScale, ' ');
        for (const double value : values) {
            const double level = highest > 0 && !std::isnan(value) ? value / highest * static_cast<double>(height) : 0;
            const std::string glyph = column_glyph(level - static_cast<double>(below), glyphs);
            for (std::size_t k = 0; k < wide; ++k) text += glyph;
        }
        append_line(out, std::move(text));
    }
    std::string starts(columns * wide, ' ');
    std::size_t free = 0;
    for (const auto& [position, name] : plot.starts) {
        const std::size_t at = position * columns / plot.values.size() * wide;
        const std::string text = "|" + printable(name);
        if (at < free || at + text.size() > starts.size()) {
            if (at >= free && at < starts.size()) starts[at] = '|';
            continue;
        }
        starts.replace(at, text.size(), text);
        free = at + text.size();
    }
    append_line(out, std::string(kScale, ' ') + starts);
    const std::size_t together = (plot.values.size() + columns - 1) / columns;
    std::string unit = plot.unit.empty() ? "" : "in " + plot.unit;
    if (together > 1) {
        unit += fmt::format("{}a column is the {} of up to {} neighbours", unit.empty() ? "" : "; ",
                            plot.sum ? "sum" : "largest", together);
    }
    if (!unit.empty()) append_wrapped(out, unit, width);
}

void append_plot(std::string& out, const PointPlot& plot, std::size_t width, Glyphs) {
    Range across{INFINITY, -INFINITY};
    Range up{INFINITY, -INFINITY};
    for (const PointPlot::Point& point : plot.points) {
        across = {std::min(across.low, point.x), std::max(across.high, point.x)};
        up = {std::min(up.low, point.y), std::max(up.high, point.y)};
    }
    if (plot.points.empty()) return append_line(out, "(nothing to draw)");
    constexpr std::size_t kScale = 9;
    const std::size_t columns = std::min<std::size_t>(width - kScale - 1, 72);
    std::vector<std::string> lines(kPlotHeight, std::string(columns, ' '));
    for (const PointPlot::Point& point : plot.points) {
        char& place = lines[kPlotHeight - 1 - up.column(point.y, kPlotHeight)][across.column(point.x, columns)];
        place = place == ' ' || place == point.letter ? point.letter : '*';
    }
    append_wrapped(out, plot.y_title, width);
    for (std::size_t line = 0; line < kPlotHeight; ++line) {
        const std::string scale = line == 0                 ? fmt::format("{:>{}.4g} |", up.high, kScale - 1)
                                  : line + 1 == kPlotHeight ? fmt::format("{:>{}.4g} |", up.low, kScale - 1)
                                                            : std::string(kScale, ' ') + "|";
        append_line(out, scale + lines[line]);
    }
    const std::string low = fmt::format("{:.4g}", across.low);
    const std::string high = fmt::format("{:.4g}", across.high);
    const std::size_t gap = columns - std::min(columns - 1, low.size() + high.size());
    append_line(out, std::string(kScale + 1, ' ') + low + std::string(gap, ' ') + high);
    append_wrapped(out, plot.x_title + " (* several)", width);
    for (std::size_t i = 0; i < std::min(plot.legend.size(), kMostRows); ++i) {
        append_wrapped(out, std::string(1, plot.legend[i].first) + " " + plot.legend[i].second, width);
    }
    if (plot.legend.size() > kMostRows) append_line(out, fmt::format("({} more)", plot.legend.size() - kMostRows));
}

}  // namespace

std::string render_plot(const Picture& picture, std::size_t width, Glyphs glyphs) {
    const std::size_t room = std::max(width, kNarrowest);
    std::string out;
    append_wrapped(out, picture.title, room);
    std::visit([&](const auto& plot) { append_plot(out, plot, room, glyphs); }, picture.plot);
    return out;
}

}  // namespace carbonedge
