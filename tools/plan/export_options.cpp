#include "tools/plan/export_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "tools/cli/standard_options.h"

#include <vector>

namespace carbonedge {

bool parse_export_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ExportOptions& options) {
    CLI::App app("Write a plan in the format of another planner.", "carbonedge-plan export");
    app.add_option("plan", options.input, "plan, - for standard input")->type_name("FILE");
    app.add_option("--to", options.to, "format to write: pipeedge")->type_name("FORMAT");
    app.add_option("--devices", options.devices, "PipeEdge's devices.yml, for hosts whose names no node can have")
        ->type_name("FILE");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no plan given, see -h");
    if (options.to.empty()) throw UsageError("--to is missing: the format to write, such as --to pipeedge");
    const std::vector<std::string> formats{"pipeedge"};
    if (options.to != "pipeedge") throw UsageError("--to: " + unknown_name_message("format", options.to, formats));
    return true;
}

}  // namespace carbonedge
