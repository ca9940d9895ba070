#include "lib/report/cell_text.h"
#include "lib/report/renderers.h"
#include "lib/report/wrapped_text.h"

#include <algorithm>
#include <numeric>

namespace carbonedge {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 40;
constexpr std::size_t kWidestTextColumn = 48;
constexpr std::size_t kTitleWidth = 12;

using Lines = std::vector<std::string>;

/// A column laid out: every cell as lines, and the width that holds them.
struct LaidColumn {
    Lines head;
    std::string unit;
    std::vector<Lines> cells;
    std::size_t width = 0;
    bool right = false;
};

std::size_t widest(const Lines& lines) {
    std::size_t width = 0;
    for (const std::string& line : lines) width = std::max(width, text_width(line));
    return width;
}

LaidColumn lay_out(const Table& table, std::size_t index, const NumberStyle& style, std::size_t limit) {
    const Column& column = table.columns[index];
    LaidColumn laid;
    laid.right = is_numeric(column.unit);
    laid.unit = style.unit;
    for (const auto& row : table.rows) {
        const std::string text = cell_text(row[index], style);
        laid.cells.push_back(laid.right ? Lines{text} : wrap_text(text, limit));
        laid.width = std::max(laid.width, widest(laid.cells.back()));
    }
    laid.head = wrap_text(column.title, std::max(laid.width, std::min(kTitleWidth, limit)));
    laid.width = std::max({laid.width, widest(laid.head), text_width(laid.unit)});
    return laid;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::string fill(width - std::min(width, text_width(text)), ' ');
    return right ? fill + text : text + fill;
}

void append_line(std::string& out, std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

void append_part(std::string& out, const std::vector<LaidColumn>& columns, const std::vector<std::size_t>& part) {
    std::size_t head_lines = 0;
    bool any_unit = false;
    for (const std::size_t i : part) {
        head_lines = std::max(head_lines, columns[i].head.size());
        any_unit = any_unit || !columns[i].unit.empty();
    }
    const auto line_of = [&](const auto& text_of) {
        std::string line;
        for (const std::size_t i : part) {
            line += std::string(line.empty() && i == part.front() ? 0 : kGap, ' ');
            line += padded(text_of(i), columns[i].width, columns[i].right);
        }
        append_line(out, std::move(line));
    };
    for (std::size_t k = 0; k < head_lines; ++k) {
        line_of([&](std::size_t i) {  // heads stand on the bottom line
            const Lines& head = columns[i].head;
            const std::size_t missing = head_lines - head.size();
            return k < missing ? std::string() : head[k - missing];
        });
    }
    if (any_unit) line_of([&](std::size_t i) { return columns[i].unit; });
    line_of([&](std::size_t i) { return std::string(columns[i].width, '-'); });
    for (std::size_t row = 0; row < columns.front().cells.size(); ++row) {
        std::size_t lines = 1;
        for (const std::size_t i : part) lines = std::max(lines, columns[i].cells[row].size());
        for (std::size_t k = 0; k < lines; ++k) {
            line_of([&](std::size_t i) {
                const Lines& cell = columns[i].cells[row];
                return k < cell.size() ? cell[k] : std::string();
            });
        }
    }
}

/// Columns after the first, in runs of one group; a run wider than a part is broken up.
std::vector<std::vector<std::size_t>> make_parts(const Table& table, const std::vector<LaidColumn>& columns,
                                                 std::size_t width) {
    std::vector<std::vector<std::size_t>> runs;
    for (std::size_t i = 1; i < columns.size(); ++i) {
        const bool joins = !runs.empty() && !table.columns[i].group.empty() &&
                           table.columns[i].group == table.columns[runs.back().back()].group;
        if (joins) {
            runs.back().push_back(i);
        } else {
            runs.push_back({i});
        }
    }
    const auto width_of = [&](const std::vector<std::size_t>& run) {
        return std::accumulate(run.begin(), run.end(), std::size_t{0},
                               [&](std::size_t sum, std::size_t i) { return sum + kGap + columns[i].width; });
    };
    const std::size_t first = columns.front().width;
    std::vector<std::vector<std::size_t>> parts{{0}};
    std::size_t used = first;
    const auto add = [&](const std::vector<std::size_t>& run) {
        if (used + width_of(run) > width && parts.back().size() > 1) {
            parts.push_back({0});
            used = first;
        }
        parts.back().insert(parts.back().end(), run.begin(), run.end());
        used += width_of(run);
    };
    for (const auto& run : runs) {
        if (first + width_of(run) <= width) {
            add(run);
        } else {
            for (const std::size_t i : run) add({i});
        }
    }
    return parts;
}

void append_notes(std::string& out, const std::vector<std::string>& notes, std::size_t width) {
    for (const std::string& note : notes) {
        bool first = true;
        for (const std::string& line : wrap_text(cell_text(Cell(note), {}), width - 2)) {
            append_line(out, (first ? "- " : "  ") + line);
            first = false;
        }
    }
}

void append_section(std::string& out, const Table& whole, std::size_t width) {
    const Table table = without_empty_columns(whole);
    if (!table.title.empty()) append_line(out, table.title);
    if (table.rows.empty()) {
        append_line(out, "(no rows)");
    } else {
        const std::size_t limit = std::min(kWidestTextColumn, width / 2 - kGap);
        const std::vector<NumberStyle> styles = column_styles(table);
        std::vector<LaidColumn> columns;
        for (std::size_t i = 0; i < table.columns.size(); ++i) columns.push_back(lay_out(table, i, styles[i], limit));
        bool first = true;
        for (const auto& part : make_parts(table, columns, width)) {
            if (!first) out += "\n";
            append_part(out, columns, part);
            first = false;
        }
    }
    append_notes(out, table.notes, width);
}

void append_section(std::string& out, const FactList& list, std::size_t width) {
    if (!list.title.empty()) append_line(out, list.title);
    std::size_t titles = 0;
    for (const Fact& fact : list.facts) titles = std::max(titles, text_width(fact.what.title));
    titles = std::min(titles, width / 2);
    for (const Fact& fact : list.facts) {
        const Lines lines = wrap_text(fact_text(fact.value, fact.what.unit), width - titles - kGap);
        for (std::size_t k = 0; k < lines.size(); ++k) {
            append_line(out, padded(k == 0 ? fact.what.title : "", titles, false) + "  " + lines[k]);
        }
    }
}

}  // namespace

std::string render_text(const Document& document, std::size_t width) {
    const std::size_t columns = std::max(width, kNarrowest);
    std::string out;
    if (!document.title.empty()) append_line(out, cell_text(Cell(document.title), {}));
    if (!document.opening.empty() && !out.empty()) out += "\n";
    for (const std::string& sentence : document.opening) {
        for (std::string& line : wrap_text(cell_text(Cell(sentence), {}), columns)) append_line(out, std::move(line));
    }
    for (const Section& section : document.sections) {
        if (!out.empty()) out += "\n";
        std::visit([&](const auto& one) { append_section(out, one, columns); }, section);
    }
    if (!document.notes.empty()) {
        if (!out.empty()) out += "\n";
        append_notes(out, document.notes, columns);
    }
    return out;
}

}  // namespace carbonedge
