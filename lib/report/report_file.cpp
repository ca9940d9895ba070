#include "lib/formats/json.h"
#include "lib/formats/schema.h"
#include "lib/report/renderers.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace carbonedge {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json number_or_null(T number) {
    if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(number)) return nullptr;
    }
    return number;
}

Json to_json(const Cell& cell) {
    return std::visit(
        [](const auto& value) -> Json {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::monostate>) {
                return nullptr;
            } else if constexpr (std::is_same_v<T, Nanoseconds>) {
                return value.count();
            } else if constexpr (std::is_same_v<T, std::string>) {
                return value;
            } else if constexpr (std::is_arithmetic_v<T>) {
                return number_or_null(value);
            } else {
                return number_or_null(value.value());
            }
        },
        cell);
}

Json to_json(const FactList& list) {
    Json facts = Json::object();
    for (const Fact& fact : list.facts) facts[machine_name(fact.what)] = to_json(fact.value);
    return {{"title", list.title}, {"facts", facts}};
}

Json row_object(const Table& table, const std::vector<Cell>& row) {
    Json entry = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) entry[machine_name(table.columns[i])] = to_json(row[i]);
    return entry;
}

Json to_json(const Table& table) {
    Json columns = Json::array();
    for (const Column& column : table.columns) {
        Json entry{{"name", machine_name(column)}, {"title", column.title}};
        if (!exact_unit(column.unit).empty()) entry["unit"] = exact_unit(column.unit);
        columns.push_back(entry);
    }
    Json rows = Json::array();
    for (const auto& row : table.rows) rows.push_back(row_object(table, row));
    return {{"title", table.title}, {"columns", columns}, {"rows", rows}, {"notes", table.notes}};
}

std::string lines_of(const Table& table) {
    std::string text;
    for (const auto& row : table.rows) text += write_json_line(row_object(table, row)) + "\n";
    return text;
}

std::string lines_of(const FactList& list) { return write_json_line(to_json(list)["facts"]) + "\n"; }

}  // namespace

std::string render_json_lines(const Section& section) {
    return std::visit([](const auto& one) { return lines_of(one); }, section);
}

std::string render_json(const Document& document) {
    Json sections = Json::object();
    for (const Section& section : document.sections) {
        sections[section_name(section)] = std::visit([](const auto& one) { return to_json(one); }, section);
    }
    const Json root{{"schema", schema_text("report", 1)}, {"kind", document.kind}, {"title", document.title},
                    {"opening", document.opening},        {"sections", sections},  {"notes", document.notes}};
    return write_json(root);
}

}  // namespace carbonedge
