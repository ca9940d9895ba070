#include "lib/base/errors.h"
#include "lib/formats/csv.h"
#include "lib/formats/text_checks.h"

#include <csv.h>
#include <fmt/format.h>
#include <memory>
#include <new>

namespace carbonedge {
namespace {

/// What libcsv's callbacks write into.
struct Collector {
    std::vector<CsvRow> rows;
    CsvRow row;
    long line = 0;
    bool in_row = false;

    void begin_row() {
        if (in_row) return;
        row.line = line;
        in_row = true;
    }
    static void field(void* text, std::size_t size, void* self) {
        auto& collector = *static_cast<Collector*>(self);
        collector.begin_row();  // after a lone carriage return, which ends a row too
        collector.row.fields.emplace_back(static_cast<const char*>(text), size);
    }
    static void end_of_row(int /*terminator*/, void* self) {
        auto& collector = *static_cast<Collector*>(self);
        const std::size_t width = collector.row.fields.size();
        collector.rows.push_back(std::move(collector.row));
        collector.row = {};
        collector.row.fields.reserve(width);
        collector.in_row = false;
    }
};

struct ParserDeleter {
    void operator()(csv_parser* parser) const {
        csv_free(parser);
        delete parser;
    }
};

int nothing_is_blank(unsigned char /*byte*/) { return 0; }

}  // namespace

CsvTable read_csv(std::string_view text, const std::string& file, long first_line) {
    check_text(text, file);
    std::unique_ptr<csv_parser, ParserDeleter> parser(new csv_parser{});
    if (csv_init(parser.get(), CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) throw std::bad_alloc();
    // libcsv would cut blanks off unquoted fields.
    csv_set_space_func(parser.get(), nothing_is_blank);

    // libcsv tells no lines, so it is fed one at a time.
    Collector collector;
    collector.line = first_line;
    for (std::size_t at = 0; at < text.size(); ++collector.line) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        const std::string_view fed = text.substr(at, end - at);
        at = end;
        if (!collector.in_row) {
            if (fed == "\n" || fed == "\r\n") continue;
            collector.begin_row();
        }
        if (csv_parse(parser.get(), fed.data(), fed.size(), Collector::field, Collector::end_of_row, &collector) !=
            fed.size()) {
            if (csv_error(parser.get()) == CSV_ENOMEM) throw std::bad_alloc();
            throw InputError(file, collector.line,
                             "a quote stands inside a field; write the field in quotes and its quotes twice");
        }
    }
    if (csv_fini(parser.get(), Collector::field, Collector::end_of_row, &collector) != 0) {
        throw InputError(file, collector.row.line, "a field that starts with a quote is never closed");
    }
    if (collector.rows.empty()) throw InputError(file, 0, "is empty; expected CSV with a line of column names");
    CsvRow header = std::move(collector.rows.front());
    if (header.fields.front().starts_with("\xEF\xBB\xBF")) {
        throw InputError(file, header.line, "starts with a byte order mark; save it as UTF-8 without one");
    }
    collector.rows.erase(collector.rows.begin());
    return {file, std::move(header), std::move(collector.rows)};
}

}  // namespace carbonedge
