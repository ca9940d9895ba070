#include "tools/plan/export_options.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"
#include "tools/cli/standard_options.h"

#include <algorithm>
#include <vector>

namespace carbonedge {

bool parse_export_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ExportOptions& options) {
    CLI::App app("Write a plan in the format of another planner.", "carbonedge-plan export");
    app.add_option("plan", options.input, "plan, - for standard input")->type_name("FILE");
    app.add_option("--to,--format", options.to, "format to write: kubernetes, pipeedge")->type_name("FORMAT");
    app.add_option("--devices", options.devices, "PipeEdge's devices.yml, for hosts whose names no node can have")
        ->type_name("FILE");
    app.add_option("--image", options.image, "kubernetes: the container image of the nodes")
        ->type_name("IMAGE")
        ->capture_default_str();
    app.add_option("--namespace", options.namespace_name, "kubernetes: the namespace; without it kubectl's own")
        ->type_name("NAME");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.input.empty()) throw UsageError("no plan given, see -h");
    if (options.to.empty()) throw UsageError("--to is missing: the format to write, such as --to pipeedge");
    const std::vector<std::string> formats{"kubernetes", "pipeedge"};
    if (std::find(formats.begin(), formats.end(), options.to) == formats.end())
        throw UsageError("--to: " + unknown_name_message("format", options.to, formats));
    if (options.to == "kubernetes" && !options.devices.empty()) throw UsageError("--devices goes with --to pipeedge");
    if (options.to != "kubernetes" && app.count("--image") + app.count("--namespace") > 0)
        throw UsageError("--image and --namespace go with --to kubernetes");
    return true;
}

}  // namespace carbonedge
