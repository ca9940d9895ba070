#pragma once

#include "lib/units/quantity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace carbonedge {

/// A value in a report, with its unit in its type. std::monostate is "not known": empty in every format, never 0.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double, Nanoseconds, Joules, GramsCo2e, Bytes,
                          Watts, CarbonIntensity>;

template <class T>
Cell to_cell(const std::optional<T>& value) {
    return value ? Cell(*value) : Cell();
}

/// What a column (or fact) holds. Decides its unit in every format, its alignment and its machine name's ending.
enum class Unit {
    kText,
    kCount,
    kNumber,
    kPercent,    ///< double, 100 is the whole
    kPerSecond,  ///< double
    kTime,
    kEnergy,
    kCarbon,
    kSize,
    kPower,
    kIntensity,
};

struct Column {
    std::string key;    ///< snake_case without unit: "run_latency_median"
    std::string title;  ///< for people: "run median"
    Unit unit = Unit::kText;
    std::string group;            ///< neighbours with one group stay together where a wide table is printed in parts
    bool show_plus_sign = false;  ///< for differences

    bool operator==(const Column&) const = default;
};

/// "run_latency_median_ns": the key with its unit, as CSV and JSON name it.
std::string machine_name(const Column& column);
/// "ns", "joules", "gco2e", ... the unit of exact values in CSV and JSON; "" for text, counts and plain numbers.
std::string_view exact_unit(Unit unit);
bool is_numeric(Unit unit);

/// Rows have one cell per column, each of the column's unit or empty. The first column names the row.
struct Table {
    std::string name;   ///< "policies": how --table asks for it
    std::string title;  ///< "Policies compared"
    std::vector<Column> columns;
    std::vector<std::vector<Cell>> rows;
    std::vector<std::string> notes;

    /// Throws std::logic_error where the cells do not fit the columns: a programming error, found by every test.
    void add_row(std::vector<Cell> cells);
};

/// One row of a table, filled by column key; what is not set stays empty. Throws std::logic_error for an unknown key.
class TableRow {
public:
    explicit TableRow(Table& table) : table_(table), cells_(table.columns.size()) {}
    TableRow& set(std::string_view key, Cell value);
    void add() { table_.add_row(std::move(cells_)); }

private:
    Table& table_;
    std::vector<Cell> cells_;
};

struct Fact {
    Column what;
    Cell value;
};

/// Single values, one line each.
struct FactList {
    std::string name;
    std::string title;
    std::vector<Fact> facts;

    void add(std::string key, std::string title_text, Unit unit, Cell value);
};

using Section = std::variant<FactList, Table>;

/// What a report says, before it is text, CSV, JSON or Markdown.
struct Document {
    std::string kind;  ///< "comparison", "plan", "run", "profile", "partition"
    std::string title;
    std::vector<Section> sections;
    std::vector<std::string> notes;
    /// What a reader in a hurry reads: what was looked at, what it emits and why, how sure (lib/report/opening.h).
    std::vector<std::string> opening = {};
};

/// The table without the columns that are empty in every row (but the first): people need not look at them.
Table without_empty_columns(const Table& table);

const std::string& section_name(const Section& section);
const Section* find_section(const Document& document, std::string_view name);
std::vector<std::string> section_names(const Document& document);
/// The section that a format with room for one shows unless asked for another: the first table.
const Section& main_section(const Document& document);

}  // namespace carbonedge
