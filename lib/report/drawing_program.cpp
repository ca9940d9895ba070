#include "lib/report/pictures/picture_file.h"
#include "lib/report/renderers.h"

#include <fmt/format.h>

namespace carbonedge {

// Compiled in from lib/report/page and by cmake/PlotLibrary.cmake.
extern const std::string_view drawing_script;
extern const std::string_view plot_library;

bool has_plot_library() { return !plot_library.empty(); }

std::string drawing_program(const Picture& picture, int width) {
    if (!has_plot_library()) return "";
    const std::string pictures = write_pictures({&picture, 1});
    // Without these names the library puts itself where a page would find it, instead of asking node for its parts.
    std::string program = "(function (exports, module, define) {\n";
    program += plot_library;
    program += "\nglobalThis.vegaInterpreter = vegaInterpreter;\n}).call(globalThis);\n";
    program += drawing_script;
    program += fmt::format("\ncarbonedge.svgOnPaper({}[0], {}).then((svg) => process.stdout.write(svg + \"\\n\"));\n",
                           pictures, width);
    return program;
}

}  // namespace carbonedge
