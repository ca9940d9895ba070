#include "tools/cli/rendering.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "lib/report/renderers.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace carbonedge {
namespace {

constexpr std::size_t kWidthWithoutTerminal = 120;

}  // namespace

std::size_t text_width_for(const StandardOptions& standard, std::size_t width) {
    if (width > 0) return width;
    winsize size{};
    if (standard.output == "-" && ::isatty(STDOUT_FILENO) != 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
        size.ws_col > 0) {
        return size.ws_col;
    }
    return kWidthWithoutTerminal;
}

const Section& chosen_section(const Document& document, const std::string& table) {
    const Section* chosen = find_section(document, table);
    if (chosen == nullptr) {
        throw UsageError("--table: " + unknown_name_message("table", table, section_names(document)));
    }
    return *chosen;
}

std::string render_document(Document document, const StandardOptions& standard, const std::optional<std::string>& table,
                            std::size_t width) {
    const Section chosen = table ? chosen_section(document, *table) : main_section(document);
    if (standard.format == "csv") return render_csv(chosen);
    if (standard.format == "jsonl") return render_json_lines(chosen);
    if (table) document.sections = {chosen};
    if (standard.format == "json") return render_json(document);
    if (standard.format == "markdown") return render_markdown(document);
    return render_text(document, text_width_for(standard, width));
}

}  // namespace carbonedge
