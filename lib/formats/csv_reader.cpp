#include "lib/base/errors.h"
#include "lib/formats/csv.h"
#include "lib/formats/text_checks.h"

#include <csv.h>
#include <fmt/format.h>
#include <algorithm>
#include <deque>
#include <new>
#include <optional>

namespace carbonedge {
namespace {

struct ParserDeleter {
    void operator()(csv_parser* parser) const {
        csv_free(parser);
        delete parser;
    }
};

int nothing_is_blank(unsigned char /*byte*/) { return 0; }

/// libcsv, and what its callbacks write into. It tells no lines, so it is fed one at a time.
class QuotedLines {
public:
    explicit QuotedLines(const std::string& file) : file_(file), parser_(new csv_parser{}) {
        if (csv_init(parser_.get(), CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) throw std::bad_alloc();
        // libcsv would cut blanks off unquoted fields.
        csv_set_space_func(parser_.get(), nothing_is_blank);
    }

    [[nodiscard]] bool in_row() const { return in_row_; }

    void feed(std::string_view line, long number) {
        line_ = number;
        if (!in_row_ && line != "\n" && line != "\r\n") begin_row();
        if (csv_parse(parser_.get(), line.data(), line.size(), field, end_of_row, this) == line.size()) return;
        if (csv_error(parser_.get()) == CSV_ENOMEM) throw std::bad_alloc();
        throw InputError(file_, number,
                         "a quote stands inside a field; write the field in quotes and its quotes twice");
    }
    void finish() {
        if (csv_fini(parser_.get(), field, end_of_row, this) != 0) {
            throw InputError(file_, row_.line, "a field that starts with a quote is never closed");
        }
        in_row_ = false;
    }
    std::optional<CsvRow> take() {
        if (rows_.empty()) return std::nullopt;
        CsvRow row = std::move(rows_.front());
        rows_.pop_front();
        return row;
    }

private:
    void begin_row() {
        row_.line = line_;
        in_row_ = true;
    }
    static void field(void* text, std::size_t size, void* self) {
        auto& lines = *static_cast<QuotedLines*>(self);
        if (!lines.in_row_) lines.begin_row();  // after a lone carriage return, which ends a row too
        lines.row_.fields.emplace_back(static_cast<const char*>(text), size);
    }
    static void end_of_row(int /*terminator*/, void* self) {
        auto& lines = *static_cast<QuotedLines*>(self);
        lines.rows_.push_back(std::move(lines.row_));
        lines.row_ = {};
        lines.in_row_ = false;
    }

    const std::string& file_;
    std::unique_ptr<csv_parser, ParserDeleter> parser_;
    std::deque<CsvRow> rows_;
    CsvRow row_;
    long line_ = 0;
    bool in_row_ = false;
};

}  // namespace

class CsvScan::State {
public:
    State(std::string_view text, std::string file, long first_line)
        : text_(text), file_(std::move(file)), quoted_(file_), line_(first_line), header_(read_header()) {}

    [[nodiscard]] const CsvTable& header() const { return header_; }

    bool next(CsvFields& row) {
        if (!next_record(row)) return false;
        const std::size_t columns = header_.header().fields.size();
        if (row.fields.size() != columns) {
            throw InputError(file_, row.line,
                             fmt::format("has {} fields, but there are {} columns", row.fields.size(), columns));
        }
        return true;
    }

private:
    /// Lines without a quote are cut at their commas; from a quote on libcsv reads, until its row is closed.
    bool next_record(CsvFields& record) {
        while (true) {
            if (const auto row = quoted_.take()) {
                kept_ = *row;
                record.line = kept_.line;
                record.fields.assign(kept_.fields.begin(), kept_.fields.end());
                return true;
            }
            if (at_ == text_.size()) {
                if (finished_) return false;
                finished_ = true;
                quoted_.finish();
                continue;
            }
            const std::size_t end = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
            const std::string_view line = text_.substr(at_, end - at_);
            at_ = end;
            const long number = line_++;
            if (!quoted_.in_row() && !lone_returns_) {
                if (line == "\n" || line == "\r\n") continue;
                if (cut(line, record)) {
                    record.line = number;
                    return true;
                }
            }
            lone_returns_ = lone_returns_ || without_end(line).find('\r') != std::string_view::npos;
            quoted_.feed(line, number);
        }
    }

    static std::string_view without_end(std::string_view line) {
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    /// False where the line is not just fields, commas and its end.
    static bool cut(std::string_view line, CsvFields& record) {
        line = without_end(line);
        if (line.empty() || line.find('"') != std::string_view::npos || line.find('\r') != std::string_view::npos) {
            return false;
        }
        record.fields.clear();
        while (true) {
            const std::size_t comma = line.find(',');
            record.fields.push_back(line.substr(0, comma));
            if (comma == std::string_view::npos) return true;
            line.remove_prefix(comma + 1);
        }
    }

    CsvTable read_header() {
        check_text(text_, file_);
        CsvFields first;
        if (!next_record(first)) throw InputError(file_, 0, "is empty; expected CSV with a line of column names");
        if (first.fields.front().starts_with("\xEF\xBB\xBF")) {
            throw InputError(file_, first.line, "starts with a byte order mark; save it as UTF-8 without one");
        }
        return {file_, kept_row(first), {}};
    }

    std::string_view text_;
    std::string file_;
    QuotedLines quoted_;
    std::size_t at_ = 0;
    long line_;
    bool finished_ = false;
    bool lone_returns_ = false;  ///< a row may begin, and a quote open, where no line does: all is libcsv's from there
    CsvRow kept_;
    CsvTable header_;
};

CsvScan::CsvScan(std::string_view text, std::string file, long first_line)
    : state_(std::make_unique<State>(text, std::move(file), first_line)) {}
CsvScan::~CsvScan() = default;
const CsvTable& CsvScan::header() const { return state_->header(); }
bool CsvScan::next(CsvFields& row) { return state_->next(row); }

CsvRow kept_row(const CsvFields& row) { return {row.line, {row.fields.begin(), row.fields.end()}}; }

CsvTable read_csv(std::string_view text, const std::string& file, long first_line) {
    CsvScan scan(text, file, first_line);
    std::vector<CsvRow> rows;
    CsvFields row;
    while (scan.next(row)) rows.push_back(kept_row(row));
    return {file, scan.header().header(), std::move(rows)};
}

}  // namespace carbonedge
