#pragma once

#include "lib/report/document.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace carbonedge {

/// A part of a row from `from` to `to`, drawn with one character.
struct Segment {
    double from = 0;
    double to = 0;
    char glyph = '#';
};

struct PlotRow {
    std::string label;
    std::vector<Segment> segments;
    std::optional<double> mark;  ///< a point on the row
    std::string value;           ///< written behind it
};

/// Rows over one axis: bars, waterfalls, intervals, timelines.
struct RowPlot {
    std::vector<PlotRow> rows;
    std::optional<double> rule;  ///< a vertical line, where 0 or a limit is
    std::string low_text;        ///< what the ends of the axis are
    std::string high_text;
    std::vector<std::pair<char, std::string>> legend;
};

/// One value a position: a curve or the columns along a network. Neighbours that share a character of the terminal are
/// shown by their largest, and summed where `sum`. NaN is a gap.
struct ColumnPlot {
    std::vector<double> values;
    bool sum = false;
    std::string unit;
    std::vector<std::pair<std::size_t, std::string>> starts;  ///< where a stretch begins, and its name
};

/// Points in a plane, each with the letter of its legend line.
struct PointPlot {
    struct Point {
        double x = 0;
        double y = 0;
        char letter = '*';
    };
    std::vector<Point> points;
    std::vector<std::pair<char, std::string>> legend;
    std::string x_title;
    std::string y_title;
};

using TextPlot = std::variant<RowPlot, ColumnPlot, PointPlot>;

/// Numbers drawn: by Vega-Lite for a browser or a paper, in characters for a terminal.
struct Picture {
    std::string name;            ///< "layers": how --picture asks for it
    std::string title;           ///< "Where the time and the energy go"
    std::string caption;         ///< what is drawn, and what was left out; also what a screen reader says
    std::vector<Table> numbers;  ///< everything drawn, exact; the specification calls each by its name
    std::string specification;   ///< Vega-Lite; colours by role and the width are for the renderer to fill in
    TextPlot plot;
};

/// A unit chosen once for everything on one axis.
struct AxisUnit {
    double divisor = 1;  ///< of the numbers as CSV holds them
    std::string unit;    ///< "ms"

    /// "latency [ms]".
    [[nodiscard]] std::string titled(std::string_view quantity) const;
};

/// The unit in which the largest of these columns reads well. Throws std::logic_error for a key without a column.
AxisUnit axis_unit(const Table& table, std::initializer_list<std::string_view> keys);

/// The specification with `"@name@"` (quotes included: numbers and objects too) replaced by JSON values.
/// Throws std::logic_error for a placeholder without a value, but those of the renderer.
class SpecificationText {
public:
    explicit SpecificationText(std::string_view text) : text_(text) {}
    SpecificationText& set(std::string_view name, std::string_view text);
    SpecificationText& set(std::string_view name, double number);
    SpecificationText& set(std::string_view name, const std::vector<std::string>& texts);
    SpecificationText& set_json(std::string_view name, const std::string& json);
    /// Sets NAME_divisor and NAME_title.
    SpecificationText& set(std::string_view name, const AxisUnit& unit, std::string_view quantity);
    [[nodiscard]] std::string text() const;

private:
    void replace(std::string_view name, const std::string& json);
    std::string text_;
};

}  // namespace carbonedge
