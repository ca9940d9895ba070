#include "lib/formats/csv.h"
#include "lib/report/cell_text.h"
#include "lib/report/renderers.h"

namespace carbonedge {
namespace {

std::string csv_of(const Table& table) {
    std::string out;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        append_csv_field(out, machine_name(table.columns[i]), i == 0);
    out += "\n";
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) append_csv_field(out, exact_text(row[i]), i == 0);
        out += "\n";
    }
    return out;
}

std::string csv_of(const FactList& list) {
    std::string out = "key,value\n";
    for (const Fact& fact : list.facts) {
        append_csv_field(out, machine_name(fact.what), true);
        append_csv_field(out, exact_text(fact.value), false);
        out += "\n";
    }
    return out;
}

}  // namespace

std::string render_csv(const Section& section) {
    return std::visit([](const auto& one) { return csv_of(one); }, section);
}

}  // namespace carbonedge
