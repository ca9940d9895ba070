#include "lib/report/cell_text.h"
#include "lib/report/markup_entity.h"
#include "lib/report/renderers.h"
#include "lib/report/table_parts.h"

#include <fmt/format.h>

namespace carbonedge {
namespace {

std::string shown(const Cell& cell, const NumberStyle& style) { return markdown_escaped(cell_text(cell, style)); }

void append_section(std::string& out, const Table& whole) {
    const Table table = without_empty_columns(whole);
    if (!table.title.empty()) out += fmt::format("## {}\n\n", markdown_escaped(table.title));
    const std::vector<NumberStyle> styles = column_styles(table);
    const auto parts = table_parts(table);
    for (const auto& part : parts) {
        if (&part != &parts.front()) out += "\n";
        std::string head = "|";
        std::string rule = "|";
        for (const std::size_t i : part) {
            const Column& column = table.columns[i];
            const std::string unit = styles[i].unit.empty() ? "" : fmt::format(" [{}]", styles[i].unit);
            head += fmt::format(" {} |", markdown_escaped(column.title + unit));
            rule += is_numeric(column.unit) ? "---:|" : "---|";
        }
        out += head + "\n" + rule + "\n";
        for (const auto& row : table.rows) {
            out += "|";
            for (const std::size_t i : part) out += fmt::format(" {} |", shown(row[i], styles[i]));
            out += "\n";
        }
    }
    if (!table.notes.empty()) out += "\n";
    for (const std::string& note : table.notes) out += fmt::format("- {}\n", shown(Cell(note), {}));
}

void append_section(std::string& out, const FactList& list) {
    if (!list.title.empty()) out += fmt::format("## {}\n\n", markdown_escaped(list.title));
    for (const Fact& fact : list.facts) {
        out += fmt::format("- **{}:** {}\n", markdown_escaped(fact.what.title),
                           markdown_escaped(fact_text(fact.value, fact.what.unit)));
    }
}

}  // namespace

std::string markdown_escaped(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '|':
            case '\\':
            case '`':
            case '*':
            case '_':
            case '[':
            case ']':
            case '#':
            case '~':
            case '$':
                out += '\\';
                out += letter;
                break;
            case '<':
            case '>':
            case '&':
                out += markup_entity(letter);
                break;
            default:
                out += static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F ? '?' : letter;
        }
    }
    return out;
}

std::string render_markdown(const Document& document) {
    std::string out;
    if (!document.title.empty()) out += fmt::format("# {}\n", shown(Cell(document.title), {}));
    if (!document.opening.empty() && !out.empty()) out += "\n";
    for (const std::string& sentence : document.opening) {
        out += shown(Cell(sentence), {}) + (&sentence == &document.opening.back() ? "\n" : "  \n");
    }
    for (const Section& section : document.sections) {
        if (!out.empty()) out += "\n";
        std::visit([&](const auto& one) { append_section(out, one); }, section);
    }
    if (!document.notes.empty()) out += "\n";
    for (const std::string& note : document.notes) out += fmt::format("- {}\n", shown(Cell(note), {}));
    return out;
}

}  // namespace carbonedge
