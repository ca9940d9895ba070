#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One record of a CSV text and the line on which it starts.
struct CsvRow {
    long line = 0;
    std::vector<std::string> fields;
};

/// A CSV text whose first record names the columns; every row has as many fields as there are columns.
class CsvTable {
public:
    CsvTable(std::string file, CsvRow header, std::vector<CsvRow> rows);

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] const CsvRow& header() const { return header_; }
    [[nodiscard]] const std::vector<CsvRow>& rows() const { return rows_; }

    /// The columns are exactly `names`, in that order. Throws InputError naming the first that is not, with the
    /// nearest.
    void expect_columns(std::span<const std::string_view> names) const;
    /// Where a column is. Throws InputError, suggesting the nearest, where there is none.
    [[nodiscard]] std::size_t column(std::string_view name) const;
    [[nodiscard]] bool has_column(std::string_view name) const;

    // Typed readers of a field; each throws InputError "file:line: column 'macs' is ..., expected ...".
    [[nodiscard]] std::int64_t integer(const CsvRow& row, std::size_t column, std::int64_t low,
                                       std::int64_t high) const;
    [[nodiscard]] double number(const CsvRow& row, std::size_t column,
                                double low = std::numeric_limits<double>::lowest(),
                                double high = std::numeric_limits<double>::max()) const;
    [[nodiscard]] bool boolean(const CsvRow& row, std::size_t column) const;  ///< true | false
    [[noreturn]] void refuse(const CsvRow& row, std::size_t column, std::string_view expected) const;

private:
    std::string file_;
    CsvRow header_;
    std::vector<CsvRow> rows_;
};

/// One record as it goes by: its fields lie in the text, or in the scan, until the next.
struct CsvFields {
    long line = 0;
    std::vector<std::string_view> fields;
};

/// Reads a CSV text record by record and keeps none, for files of a hundred thousand; what is refused is what
/// read_csv() refuses. `text` has to live as long.
class CsvScan {
public:
    CsvScan(std::string_view text, std::string file, long first_line = 1);
    CsvScan(const CsvScan&) = delete;
    CsvScan& operator=(const CsvScan&) = delete;
    ~CsvScan();

    /// The column names, as a table without rows.
    [[nodiscard]] const CsvTable& header() const;
    /// The next row; false at the end.
    bool next(CsvFields& row);

private:
    class State;
    std::unique_ptr<State> state_;
};

/// A copy that can be kept, and that CsvTable's typed readers and refuse() take.
CsvRow kept_row(const CsvFields& row);

/// Reads RFC 4180 CSV: comma, double quotes, line feed or carriage return and line feed; blanks belong to the field.
/// Refuses what check_text() refuses, stray quotes, an open quote at the end, a missing or doubled column name, rows of
/// another width. Empty lines are skipped. `first_line` is the line of `file` at which `text` starts.
CsvTable read_csv(std::string_view text, const std::string& file, long first_line = 1);

/// Appends one field (with a comma before it unless `first`), quoted where it has to be.
void append_csv_field(std::string& out, std::string_view field, bool first);
/// The fields as one line, newline included.
std::string csv_line(std::span<const std::string> fields);

}  // namespace carbonedge
