#include "lib/report/document.h"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>
#include <utility>

namespace carbonedge {
namespace {

bool fits(const Cell& cell, Unit unit) {
    if (std::holds_alternative<std::monostate>(cell)) return true;
    switch (unit) {
        case Unit::kText:
            return std::holds_alternative<std::string>(cell);
        case Unit::kCount:
            return std::holds_alternative<std::int64_t>(cell);
        case Unit::kNumber:
        case Unit::kPercent:
        case Unit::kPerSecond:
            return std::holds_alternative<double>(cell);
        case Unit::kTime:
            return std::holds_alternative<Nanoseconds>(cell);
        case Unit::kEnergy:
            return std::holds_alternative<Joules>(cell);
        case Unit::kCarbon:
            return std::holds_alternative<GramsCo2e>(cell);
        case Unit::kSize:
            return std::holds_alternative<Bytes>(cell);
        case Unit::kPower:
            return std::holds_alternative<Watts>(cell);
        case Unit::kIntensity:
            return std::holds_alternative<CarbonIntensity>(cell);
    }
    return false;
}

}  // namespace

std::string_view exact_unit(Unit unit) {
    switch (unit) {
        case Unit::kText:
        case Unit::kCount:
        case Unit::kNumber:
            return "";
        case Unit::kPercent:
            return "percent";
        case Unit::kPerSecond:
            return "per_second";
        case Unit::kTime:
            return "ns";
        case Unit::kEnergy:
            return "joules";
        case Unit::kCarbon:
            return "gco2e";
        case Unit::kSize:
            return "bytes";
        case Unit::kPower:
            return "watts";
        case Unit::kIntensity:
            return "gco2e_per_kwh";
    }
    return "";
}

bool is_numeric(Unit unit) { return unit != Unit::kText; }

std::string machine_name(const Column& column) {
    const std::string_view unit = exact_unit(column.unit);
    return unit.empty() ? column.key : fmt::format("{}_{}", column.key, unit);
}

void Table::add_row(std::vector<Cell> cells) {
    if (cells.size() != columns.size()) {
        throw std::logic_error(
            fmt::format("table {}: a row of {} cells for {} columns", name, cells.size(), columns.size()));
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (!fits(cells[i], columns[i].unit)) {
            throw std::logic_error(fmt::format("table {}: a cell of column {} has another unit", name, columns[i].key));
        }
    }
    rows.push_back(std::move(cells));
}

TableRow& TableRow::set(std::string_view key, Cell value) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (table_.columns[i].key == key) {
            cells_[i] = std::move(value);
            return *this;
        }
    }
    throw std::logic_error(fmt::format("table {}: no column {}", table_.name, key));
}

void FactList::add(std::string key, std::string title_text, Unit unit, Cell value) {
    if (!fits(value, unit)) throw std::logic_error(fmt::format("fact {}: the value has another unit", key));
    facts.push_back({Column{std::move(key), std::move(title_text), unit, "", false}, std::move(value)});
}

Table without_empty_columns(const Table& table) {
    Table kept{table.name, table.title, {}, {}, table.notes};
    kept.rows.resize(table.rows.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const bool any = std::any_of(table.rows.begin(), table.rows.end(), [i](const auto& row) {
            const auto* text = std::get_if<std::string>(&row[i]);
            return !std::holds_alternative<std::monostate>(row[i]) && (text == nullptr || !text->empty());
        });
        if (!any && i > 0) continue;
        kept.columns.push_back(table.columns[i]);
        for (std::size_t row = 0; row < table.rows.size(); ++row) kept.rows[row].push_back(table.rows[row][i]);
    }
    return kept;
}

const std::string& section_name(const Section& section) {
    return std::visit([](const auto& one) -> const std::string& { return one.name; }, section);
}

const Section* find_section(const Document& document, std::string_view name) {
    for (const Section& section : document.sections) {
        if (section_name(section) == name) return &section;
    }
    return nullptr;
}

std::vector<std::string> section_names(const Document& document) {
    std::vector<std::string> names;
    for (const Section& section : document.sections) names.push_back(section_name(section));
    return names;
}

const Section& main_section(const Document& document) {
    for (const Section& section : document.sections) {
        if (std::holds_alternative<Table>(section)) return section;
    }
    if (document.sections.empty()) throw std::logic_error("a document without sections");
    return document.sections.front();
}

}  // namespace carbonedge
