#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/base/utf8.h"
#include "lib/formats/csv.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

namespace carbonedge {

CsvTable::CsvTable(std::string file, CsvRow header, std::vector<CsvRow> rows)
    : file_(std::move(file)), header_(std::move(header)), rows_(std::move(rows)) {
    std::unordered_set<std::string_view> seen;
    for (const std::string& name : header_.fields) {
        if (name.empty()) throw InputError(file_, header_.line, "a column has no name");
        if (!seen.insert(name).second) {
            throw InputError(file_, header_.line, fmt::format("duplicate column {}", quoted_for_message(name)));
        }
    }
    for (const CsvRow& row : rows_) {
        if (row.fields.size() != header_.fields.size()) {
            throw InputError(
                file_, row.line,
                fmt::format("has {} fields, but there are {} columns", row.fields.size(), header_.fields.size()));
        }
    }
}

void CsvTable::expect_columns(std::span<const std::string_view> names) const {
    for (std::size_t i = 0; i < header_.fields.size(); ++i) {
        if (i < names.size() && header_.fields[i] == names[i]) continue;
        const std::string& found = header_.fields[i];
        if (i >= names.size()) {
            throw InputError(file_, header_.line,
                             fmt::format("unknown column {} after the last, '{}'", quoted_for_message(found),
                                         names.empty() ? "" : names.back()));
        }
        throw InputError(file_, header_.line,
                         fmt::format("column {} is {}, expected '{}'", i + 1, quoted_for_message(found), names[i]));
    }
    if (header_.fields.size() < names.size()) {
        throw InputError(file_, header_.line, fmt::format("missing column '{}'", names[header_.fields.size()]));
    }
}

bool CsvTable::has_column(std::string_view name) const {
    return std::find(header_.fields.begin(), header_.fields.end(), name) != header_.fields.end();
}

std::size_t CsvTable::column(std::string_view name) const {
    const auto found = std::find(header_.fields.begin(), header_.fields.end(), name);
    if (found == header_.fields.end()) {
        const std::string nearest = nearest_name(name, header_.fields);
        throw InputError(
            file_, header_.line,
            fmt::format("missing column '{}'{}", name,
                        nearest.empty() ? "" : fmt::format(" (there is {})", quoted_for_message(nearest))));
    }
    return static_cast<std::size_t>(found - header_.fields.begin());
}

void CsvTable::refuse(const CsvRow& row, std::size_t column, std::string_view expected) const {
    throw InputError(file_, row.line,
                     fmt::format("column '{}' is {}, expected {}", header_.fields[column],
                                 quoted_for_message(row.fields[column]), expected));
}

std::int64_t CsvTable::integer(const CsvRow& row, std::size_t column, std::int64_t low, std::int64_t high) const {
    const std::string& field = row.fields[column];
    std::int64_t number = 0;
    const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc() || rest != field.data() + field.size() || number < low || number > high) {
        refuse(row, column, fmt::format("a whole number within [{}, {}]", low, high));
    }
    return number;
}

double CsvTable::number(const CsvRow& row, std::size_t column, double low, double high) const {
    const std::string& field = row.fields[column];
    double number = 0;
    const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    const bool readable = error == std::errc() && rest == field.data() + field.size() && std::isfinite(number);
    if (!readable || number < low || number > high) {
        const bool any_low = low == std::numeric_limits<double>::lowest();
        const bool any_high = high == std::numeric_limits<double>::max();
        refuse(row, column,
               any_low && any_high ? std::string("a finite number")
               : any_high          ? "a number of at least " + number_text(low)
                                   : fmt::format("a number within [{}, {}]", number_text(low), number_text(high)));
    }
    return number;
}

bool CsvTable::boolean(const CsvRow& row, std::size_t column) const {
    const std::string& field = row.fields[column];
    if (field == "true") return true;
    if (field != "false") refuse(row, column, "true or false");
    return false;
}

void append_csv_field(std::string& out, std::string_view field, bool first) {
    if (!first) out += ',';
    // A record of one empty field would be an empty line, which readers skip.
    const bool plain = field.find_first_of(",\"\r\n") == std::string_view::npos && !(first && field.empty());
    if (plain) {
        out += field;
        return;
    }
    out += '"';
    for (const char c : field) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string csv_line(std::span<const std::string> fields) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) append_csv_field(line, fields[i], i == 0);
    line += '\n';
    return line;
}

}  // namespace carbonedge
