#include "lib/report/cell_text.h"
#include "lib/report/markup_entity.h"
#include "lib/report/pictures/picture_file.h"
#include "lib/report/renderers.h"
#include "lib/report/table_parts.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace carbonedge {

// Compiled in from lib/report/page; the plot library is empty where the build had none.
extern const std::string_view page_style;
extern const std::string_view drawing_script;
extern const std::string_view drawing_script_sha256;
extern const std::string_view page_script;
extern const std::string_view page_script_sha256;
extern const std::string_view plot_library;
extern const std::string_view plot_library_sha256;

namespace {

/// Text that a page shows as it is, in an element or in an attribute.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        const std::string_view entity = markup_entity(letter);
        out += entity.empty() ? std::string_view(&letter, 1) : entity;
    }
    return out;
}

std::string shown(const Cell& cell, const NumberStyle& style) { return escaped(cell_text(cell, style)); }
std::string shown(const std::string& text) { return shown(Cell(text), {}); }

int digit_value(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

/// A hash in hexadecimal digits as a content security policy names it.
std::string policy_source(std::string_view hexadecimal) {
    static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out = "'sha256-";
    for (std::size_t at = 0; at < hexadecimal.size(); at += 6) {  // three bytes are four letters
        unsigned bits = 0;
        const std::size_t digits = std::min<std::size_t>(6, hexadecimal.size() - at);
        for (std::size_t k = 0; k < 6; ++k) {
            bits = bits * 16 + static_cast<unsigned>(k < digits ? digit_value(hexadecimal[at + k]) : 0);
        }
        for (std::size_t k = 0; k < 4; ++k) out += k <= digits / 2 ? kLetters[(bits >> (18 - 6 * k)) & 63U] : '=';
    }
    return out + "'";
}

/// Runs nothing but our own scripts, and loads nothing.
std::string content_policy(bool with_pictures) {
    const std::string scripts =
        with_pictures ? fmt::format("; script-src {} {} {}", policy_source(plot_library_sha256),
                                    policy_source(drawing_script_sha256), policy_source(page_script_sha256))
                      : "";
    return "default-src 'none'; style-src 'unsafe-inline'" + scripts + "; base-uri 'none'; form-action 'none'";
}

void append_table(std::string& out, const Table& whole) {
    const Table table = without_empty_columns(whole);
    if (table.rows.empty()) {
        out += "<p>(no rows)</p>\n";
        return;
    }
    const std::vector<NumberStyle> styles = column_styles(table);
    const auto kind = [&](std::size_t i) { return is_numeric(table.columns[i].unit) ? " class=\"number\"" : ""; };
    for (const auto& part : table_parts(table)) {
        out += fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>",
                           shown(table.title.empty() ? table.name : table.title));
        for (const std::size_t i : part) {
            out += fmt::format("<th scope=\"col\"{}>{}", kind(i), shown(table.columns[i].title));
            if (!styles[i].unit.empty())
                out += fmt::format(" <span class=\"unit\">[{}]</span>", escaped(styles[i].unit));
            out += "</th>";
        }
        out += "</tr></thead><tbody>\n";
        for (const auto& row : table.rows) {
            out += "<tr>";
            for (const std::size_t i : part) out += fmt::format("<td{}>{}</td>", kind(i), shown(row[i], styles[i]));
            out += "</tr>\n";
        }
        out += "</tbody></table></div>\n";
    }
}

void append_notes(std::string& out, const std::vector<std::string>& notes) {
    if (notes.empty()) return;
    out += "<div class=\"note\"><ul>\n";
    for (const std::string& note : notes) out += fmt::format("<li>{}</li>\n", shown(note));
    out += "</ul></div>\n";
}

/// Longer tables are closed until somebody opens them: laying them out takes a browser longer than every picture.
constexpr std::size_t kMostRowsOpen = 200;

bool is_short(const Section& section) {
    const auto* table = std::get_if<Table>(&section);
    return table == nullptr || table->rows.size() <= kMostRowsOpen;
}

/// The first table is open: it is what the report is about.
void append_section(std::string& out, const Section& section, bool open) {
    const std::string& name = section_name(section);
    std::string title = std::visit([&](const auto& one) { return one.title.empty() ? name : one.title; }, section);
    if (title.front() >= 'a' && title.front() <= 'z') title.front() = static_cast<char>(title.front() - 'a' + 'A');
    out +=
        fmt::format("<section id=\"table-{}\">\n<details{}><summary><h2 style=\"display:inline\">{}</h2></summary>\n",
                    escaped(name), open ? " open" : "", shown(title));
    if (const auto* table = std::get_if<Table>(&section)) {
        append_table(out, *table);
        append_notes(out, table->notes);
    } else {
        out += "<dl>\n";
        for (const Fact& fact : std::get<FactList>(section).facts) {
            out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", shown(fact.what.title),
                               escaped(fact_text(fact.value, fact.what.unit)));
        }
        out += "</dl>\n";
    }
    out += "</details>\n</section>\n";
}

void append_picture(std::string& out, const Picture& picture, bool drawn) {
    out += fmt::format("<figure id=\"picture-{}\">\n<h2>{}</h2>\n<figcaption>{}</figcaption>\n", escaped(picture.name),
                       shown(picture.title), shown(picture.caption));
    if (drawn) {
        out += fmt::format(
            "<div class=\"drawing\" tabindex=\"0\" role=\"img\" aria-label=\"{}\"></div>\n"
            "<div class=\"tools\"></div>\n<details><summary>The numbers</summary></details>\n",
            shown(picture.title + ". " + picture.caption + " Arrow keys go from mark to mark."));
    } else {
        out += "<details><summary>The numbers</summary>\n";
        for (const Table& table : picture.numbers) append_table(out, table);
        out += "</details>\n";
    }
    out += "</figure>\n";
}

void append_contents(std::string& out, std::span<const Picture> pictures) {
    out += "<nav aria-label=\"Contents\"><ul>\n";
    for (const Picture& picture : pictures) {
        out += fmt::format("<li><a href=\"#picture-{}\">{}</a></li>\n", escaped(picture.name), shown(picture.title));
    }
    out += "<li><a href=\"#tables\">Tables</a></li>\n</ul></nav>\n";
}

}  // namespace

std::string render_html(const Document& document, std::span<const Picture> pictures) {
    const bool drawn = has_plot_library() && !pictures.empty();
    const std::string title = shown(document.title.empty() ? "Report" : document.title);
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
        "content=\"light dark\">\n<title>{}</title>\n<style>\n",
        content_policy(drawn), title);
    out += page_style;
    out += fmt::format("</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n", title);
    if (!document.opening.empty()) {
        out += "<div class=\"opening\">\n";
        for (const std::string& sentence : document.opening) out += fmt::format("<p>{}</p>\n", shown(sentence));
        out += "</div>\n";
    }
    append_contents(out, pictures);
    out += "</header>\n<main>\n";
    if (!drawn && !pictures.empty()) {
        out +=
            "<p class=\"missing\">This carbonedge was built without its plot library, so the pictures are missing; "
            "their "
            "numbers are here. <code>scripts/install_plot_library</code> gets the library, then build again.</p>\n";
    }
    if (drawn)
        out += "<noscript><p class=\"missing\">The pictures need JavaScript; the tables do not.</p></noscript>\n";
    for (const Picture& picture : pictures) append_picture(out, picture, drawn);
    out += "<div id=\"tables\"></div>\n";
    const Section* main = document.sections.empty() ? nullptr : &main_section(document);
    for (const Section& section : document.sections)
        append_section(out, section, &section == main && is_short(section));
    append_notes(out, document.notes);
    out +=
        "</main>\n<footer><p>Made by carbonedge. This page holds everything it shows and loads nothing.</p></footer>\n";
    if (drawn) {
        out += "<div id=\"tip\" role=\"status\" hidden></div>\n<script type=\"application/json\" id=\"pictures\">";
        out += write_pictures(pictures);
        out += "</script>\n<script>";
        out += plot_library;
        out += "</script>\n<script>";
        out += drawing_script;
        out += "</script>\n<script>";
        out += page_script;
        out += "</script>\n";
    }
    return out + "</body>\n</html>\n";
}

}  // namespace carbonedge
