#include "lib/report/pictures/picture.h"

#include "lib/report/cell_text.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>

namespace carbonedge {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

/// Text as a JSON string.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            out += '\\';
            out += letter;
        } else if (code < 0x20) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            out += letter;
        }
    }
    return out + "\"";
}

}  // namespace

std::string AxisUnit::titled(std::string_view quantity) const {
    return unit.empty() ? std::string(quantity) : fmt::format("{} [{}]", quantity, unit);
}

AxisUnit axis_unit(const Table& table, std::initializer_list<std::string_view> keys) {
    std::vector<const Cell*> cells;
    Unit unit = Unit::kNumber;
    for (const std::string_view key : keys) {
        const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                         [key](const Column& one) { return one.key == key; });
        if (column == table.columns.end()) throw std::logic_error(fmt::format("no column {}", key));
        unit = column->unit;
        const auto index = static_cast<std::size_t>(column - table.columns.begin());
        for (const auto& row : table.rows) cells.push_back(&row[index]);
    }
    const NumberStyle style = number_style(unit, cells);
    return {style.divisor * (unit == Unit::kTime ? kNanosecondsPerSecond : 1), style.unit};
}

void SpecificationText::replace(std::string_view name, const std::string& json) {
    const std::string token = fmt::format("\"@{}@\"", name);
    bool found = false;
    for (std::size_t at = text_.find(token); at != std::string::npos; at = text_.find(token, at + json.size())) {
        text_.replace(at, token.size(), json);
        found = true;
    }
    if (!found) throw std::logic_error(fmt::format("the specification has no {}", token));
}

SpecificationText& SpecificationText::set(std::string_view name, std::string_view text) {
    replace(name, quoted(text));
    return *this;
}

SpecificationText& SpecificationText::set(std::string_view name, double number) {
    replace(name, number_text(number));
    return *this;
}

SpecificationText& SpecificationText::set(std::string_view name, const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quoted(text);
    replace(name, "[" + list + "]");
    return *this;
}

SpecificationText& SpecificationText::set_json(std::string_view name, const std::string& json) {
    replace(name, json);
    return *this;
}

SpecificationText& SpecificationText::set(std::string_view name, const AxisUnit& unit, std::string_view quantity) {
    set(fmt::format("{}_divisor", name), unit.divisor);
    return set(fmt::format("{}_title", name), unit.titled(quantity));
}

std::string SpecificationText::text() const { return text_; }

}  // namespace carbonedge
