#include "tools/stage/options.h"

#include "lib/base/errors.h"
#include "tools/cli/standard_options.h"

namespace carbonedge {

bool parse_stage_options(int argc, const char* const* argv, std::string_view page, std::ostream& out, std::ostream& err,
                         StageOptions& options) {
    CLI::App app("Write the stages of a network as TorchScript modules.", "carbonedge-stage");
    app.add_option("stages", options.stages, "partition or plan, - for standard input")->type_name("FILE");
    app.add_option("--model", options.model, "the TorchScript file that was profiled")->type_name("FILE");
    app.add_option("--emit", options.emit, "folder for stage-0.pt ... and stages.json")->type_name("DIR");
    app.add_flag_callback(
        "--no-verify", [&options] { options.verify = false; }, "do not run the chained stages against the network");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    if (options.stages.empty()) throw UsageError("no partition or plan given, see -h");
    if (options.model.empty()) throw UsageError("no network given, expected --model MODEL.pt");
    if (options.emit.empty()) throw UsageError("no folder given, expected --emit DIR");
    return true;
}

}  // namespace carbonedge
