#include "lib/report/cell_text.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace carbonedge {
namespace {

struct Scale {
    double from;
    double divisor;
    std::string_view unit;
};

constexpr std::array kTimes{Scale{1, 1, "s"}, Scale{1e-3, 1e-3, "ms"}, Scale{1e-6, 1e-6, "us"}, Scale{0, 1e-9, "ns"}};
constexpr std::array kEnergies{Scale{1e3, 1e3, "kJ"}, Scale{1, 1, "J"}, Scale{1e-3, 1e-3, "mJ"},
                               Scale{1e-6, 1e-6, "uJ"}, Scale{0, 1e-9, "nJ"}};
constexpr std::array kMasses{Scale{1e3, 1e3, "kg"}, Scale{1, 1, "g"}, Scale{1e-3, 1e-3, "mg"}, Scale{1e-6, 1e-6, "ug"},
                             Scale{0, 1e-9, "ng"}};
constexpr std::array kSizes{Scale{1e9, 1e9, "GB"}, Scale{1e6, 1e6, "MB"}, Scale{1e3, 1e3, "kB"}, Scale{0, 1, "B"}};
constexpr std::array kPowers{Scale{1, 1, "W"}, Scale{0, 1e-3, "mW"}};
constexpr std::array kIntensities{Scale{0, 1, "g/kWh"}};
constexpr std::array kPercents{Scale{0, 1, "%"}};
constexpr std::array kRates{Scale{0, 1, "/s"}};
constexpr std::array kPlain{Scale{0, 1, ""}};

std::span<const Scale> scales_of(Unit unit) {
    switch (unit) {
        case Unit::kTime:
            return kTimes;
        case Unit::kEnergy:
            return kEnergies;
        case Unit::kCarbon:
            return kMasses;
        case Unit::kSize:
            return kSizes;
        case Unit::kPower:
            return kPowers;
        case Unit::kIntensity:
            return kIntensities;
        case Unit::kPercent:
            return kPercents;
        case Unit::kPerSecond:
            return kRates;
        default:
            return kPlain;
    }
}

/// In seconds, joules, grams, bytes, ...; NaN where the cell holds no number.
double number_in(const Cell& cell) {
    return std::visit(
        [](const auto& value) -> double {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::string>) {
                return std::nan("");
            } else if constexpr (std::is_same_v<T, Nanoseconds>) {
                return to_seconds(value).count();
            } else if constexpr (std::is_arithmetic_v<T>) {
                return static_cast<double>(value);
            } else {
                return static_cast<double>(value.value());
            }
        },
        cell);
}

std::string printable(std::string_view text) {
    std::string shown(text);
    for (char& letter : shown) {
        const auto code = static_cast<unsigned char>(letter);
        if (code < 0x20 || code == 0x7F) letter = '?';
    }
    return shown;
}

/// Decimals with which `size` shows that many significant digits.
int decimals_for(double size, int digits) {
    if (size == 0) return 0;
    return std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(size) + 1e-9)), 0, 3);
}

struct Sizes {
    double largest = 0;
    double smallest = INFINITY;  ///< other than 0
};

Sizes sizes_of(std::span<const Cell* const> cells) {
    Sizes sizes;
    for (const Cell* cell : cells) {
        const double size = std::abs(number_in(*cell));
        if (!std::isfinite(size) || size == 0) continue;
        sizes.largest = std::max(sizes.largest, size);
        sizes.smallest = std::min(sizes.smallest, size);
    }
    return sizes;
}

/// The scale in which `largest` is at least 1; that of the plain unit where there is nothing but zeros.
const Scale& choose_scale(Unit unit, double largest) {
    const auto scales = scales_of(unit);
    for (const Scale& scale : scales) {
        if (largest > 0 ? largest >= scale.from : scale.divisor == 1) return scale;
    }
    return scales.back();
}

NumberStyle styled(Unit unit, const Scale& scale, const Sizes& sizes, bool show_plus_sign) {
    NumberStyle style{scale.divisor, std::string(scale.unit), 0, show_plus_sign};
    const bool whole = unit == Unit::kCount || (unit == Unit::kSize && scale.divisor == 1);
    if (!whole && sizes.largest > 0) {
        style.decimals =
            std::max(decimals_for(sizes.largest / scale.divisor, 3), decimals_for(sizes.smallest / scale.divisor, 2));
        if (unit == Unit::kPercent) style.decimals = std::min(style.decimals, 1);
    }
    return style;
}

}  // namespace

NumberStyle number_style(Unit unit, std::span<const Cell* const> cells, bool show_plus_sign) {
    const Sizes sizes = sizes_of(cells);
    return styled(unit, choose_scale(unit, sizes.largest), sizes, show_plus_sign);
}

std::vector<NumberStyle> column_styles(const Table& table) {
    std::vector<Sizes> sizes;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        std::vector<const Cell*> cells;
        for (const auto& row : table.rows) cells.push_back(&row[i]);
        sizes.push_back(sizes_of(cells));
    }
    std::vector<NumberStyle> styles;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const Column& column = table.columns[i];
        double largest = sizes[i].largest;
        for (std::size_t j = 0; j < table.columns.size(); ++j) {
            const Column& other = table.columns[j];
            if (!column.group.empty() && other.group == column.group && other.unit == column.unit) {
                largest = std::max(largest, sizes[j].largest);
            }
        }
        styles.push_back(styled(column.unit, choose_scale(column.unit, largest), sizes[i], column.show_plus_sign));
    }
    return styles;
}

std::string cell_text(const Cell& cell, const NumberStyle& style) {
    if (const auto* text = std::get_if<std::string>(&cell)) return printable(*text);
    if (std::holds_alternative<std::monostate>(cell)) return "";
    if (const auto* count = std::get_if<std::int64_t>(&cell)) {
        return style.show_plus_sign ? fmt::format("{:+}", *count) : fmt::format("{}", *count);
    }
    const double number = number_in(cell) / style.divisor;
    if (!std::isfinite(number)) return "-";
    if (number == 0) return fmt::format("{:.{}f}", 0.0, style.decimals);
    if (std::abs(number) < 0.5 * std::pow(10, -style.decimals)) {
        return style.show_plus_sign ? fmt::format("{:+.1g}", number) : fmt::format("{:.1g}", number);
    }
    return style.show_plus_sign ? fmt::format("{:+.{}f}", number, style.decimals)
                                : fmt::format("{:.{}f}", number, style.decimals);
}

std::string fact_text(const Cell& cell, Unit unit) {
    const Cell* const only[] = {&cell};
    const NumberStyle style = number_style(unit, only);
    const std::string text = cell_text(cell, style);
    if (text.empty() || style.unit.empty()) return text;
    return style.unit == "%" ? text + " %" : style.unit == "/s" ? text + "/s" : text + " " + style.unit;
}

std::string exact_text(const Cell& cell) {
    return std::visit(
        [](const auto& value) -> std::string {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::monostate>) {
                return "";
            } else if constexpr (std::is_same_v<T, std::string>) {
                return value;
            } else if constexpr (std::is_same_v<T, Nanoseconds>) {
                return fmt::format("{}", value.count());
            } else if constexpr (std::is_same_v<T, std::int64_t>) {
                return fmt::format("{}", value);
            } else if constexpr (std::is_same_v<T, Bytes>) {
                return fmt::format("{}", value.value());
            } else if constexpr (std::is_same_v<T, double>) {
                return std::isfinite(value) ? number_text(value) : "";
            } else {
                return std::isfinite(value.value()) ? number_text(value.value()) : "";
            }
        },
        cell);
}

std::size_t text_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace carbonedge
