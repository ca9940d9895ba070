#include "tools/report/picture_rendering.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/report/renderers.h"
#include "lib/report/text_plot.h"
#include "tools/cli/rendering.h"
#include "tools/report/picture_export.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace carbonedge {
namespace {

/// The first of the variables that decide the encoding names UTF-8.
bool locale_is_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view locale = value;
        return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos;
    }
    return false;
}

Glyphs glyphs_for(const StandardOptions& standard) {
    const bool is_terminal = standard.output == "-" && ::isatty(STDOUT_FILENO) != 0;
    return is_terminal && locale_is_utf8() ? Glyphs::kBlocks : Glyphs::kAscii;
}

const Picture& find_picture(const std::vector<Picture>& pictures, const std::string& name) {
    std::vector<std::string> names;
    for (const Picture& picture : pictures) {
        if (picture.name == name) return picture;
        names.push_back(picture.name);
    }
    throw UsageError("--picture: " + unknown_name_message("picture", name, names));
}

const Table& find_numbers(const Picture& picture, const std::optional<std::string>& table) {
    if (!table) return picture.numbers.front();
    std::vector<std::string> names;
    for (const Table& one : picture.numbers) {
        if (one.name == *table) return one;
        names.push_back(one.name);
    }
    throw UsageError("--table: " + unknown_name_message("table", *table, names));
}

std::string plots_text(const std::vector<Picture>& pictures, std::size_t width, Glyphs glyphs) {
    std::string text;
    for (const Picture& picture : pictures) text += (text.empty() ? "" : "\n") + render_plot(picture, width, glyphs);
    return text;
}

/// Where one picture is asked for, alone.
std::string render_picture(const StandardOptions& standard, const RenderingOptions& rendering,
                           const std::vector<Picture>& pictures) {
    if (pictures.empty()) {
        const std::string asked = rendering.picture ? "--picture" : "--format " + standard.format;
        throw UsageError(asked + ": this report has no pictures");
    }
    const Picture& picture = rendering.picture ? find_picture(pictures, *rendering.picture) : pictures.front();
    if (standard.format == "svg") return picture_as_svg(picture);
    if (standard.format == "png") return picture_as_png(picture);
    if (standard.format == "csv") return render_csv(find_numbers(picture, rendering.table));
    if (standard.format == "jsonl") return render_json_lines(find_numbers(picture, rendering.table));
    if (standard.format == "text") {
        return render_plot(picture, text_width_for(standard, rendering.width), glyphs_for(standard));
    }
    throw UsageError("--picture: only text, csv, jsonl, svg and png show one picture alone, not " + standard.format);
}

}  // namespace

std::string render_report(Document document, const StandardOptions& standard, const RenderingOptions& rendering,
                          const PictureSource& pictures) {
    const bool is_image = standard.format == "svg" || standard.format == "png";
    if (rendering.picture || is_image) return render_picture(standard, rendering, pictures());
    if (standard.format == "html") {
        if (!rendering.table) return render_html(document, pictures());
        document.sections = {chosen_section(document, *rendering.table)};
        return render_html(document, {});
    }
    std::string text = render_document(std::move(document), standard, rendering.table, rendering.width);
    if (rendering.plot && standard.format == "text") {
        text += "\n" + plots_text(pictures(), text_width_for(standard, rendering.width), glyphs_for(standard));
    }
    return text;
}

}  // namespace carbonedge
