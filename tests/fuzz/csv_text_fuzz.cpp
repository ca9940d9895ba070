// CSV: any text is refused, or its fields are written to a text that has the same fields.
#include "lib/formats/csv.h"
#include "tests/fuzz/round_trip.h"

namespace {

std::string write(const carbonedge::CsvTable& table) {
    std::string text = carbonedge::csv_line(table.header().fields);
    for (const carbonedge::CsvRow& row : table.rows()) text += carbonedge::csv_line(row.fields);
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace carbonedge;
    const auto table =
        fuzz::read_or_refuse(fuzz::text_of(bytes, size), [](std::string_view text) { return read_csv(text, "fuzz"); });
    if (!table) return 0;
    long line = table->header().line;
    for (const CsvRow& row : table->rows()) {
        fuzz::require(row.line >= line);
        line = row.line;
    }
    const std::string written = write(*table);
    const CsvTable again = read_csv(written, "fuzz");
    fuzz::require(again.header().fields == table->header().fields && again.rows().size() == table->rows().size());
    for (std::size_t i = 0; i < again.rows().size(); ++i) {
        fuzz::require(again.rows()[i].fields == table->rows()[i].fields);
    }
    fuzz::require(write(again) == written);
    return 0;
}
