#include "tools/plan/import_options.h"

#include "lib/base/errors.h"
#include "lib/units/text.h"
#include "tools/cli/standard_options.h"
#include "tools/cli/text_options.h"
#include "tools/plan/problem_options.h"

#include <fmt/format.h>
#include <vector>

namespace carbonedge {
namespace {

void add_pipeedge_options(CLI::App& app, ImportOptions& options) {
    app.add_option("--models", options.models, "PipeEdge: models.yml")->type_name("FILE");
    app.add_option("--device-types", options.device_types, "PipeEdge: device_types.yml")->type_name("FILE");
    app.add_option("--devices", options.devices, "PipeEdge: devices.yml")->type_name("FILE");
    app.add_option("--model", options.pipeedge.model, "PipeEdge: the model's name in models.yml")->type_name("NAME");
    app.add_option("--batch", options.pipeedge.batch, "PipeEdge: samples a batch")->capture_default_str();
    app.add_option("--dtype", options.pipeedge.dtype, "PipeEdge: element type")->capture_default_str();
    app.add_option("--buffers-in", options.pipeedge.buffers_in, "PipeEdge: buffers of arriving messages")
        ->check(CLI::Range(0, 99))
        ->capture_default_str();
    app.add_option("--buffers-out", options.pipeedge.buffers_out, "PipeEdge: buffers of leaving messages")
        ->check(CLI::Range(0, 99))
        ->capture_default_str();
}

/// What formats of one file without machines share.
void add_file_options(CLI::App& app, ImportOptions& options) {
    app.add_option("file", options.file, "pipedream: graph; csv: table; - for standard input")->type_name("FILE");
    app.add_option_function<std::string>(
           "--passes",
           [&options](const std::string& text) {
               options.pipedream.both_passes = choose("--passes", "kind of passes", text, {"forward", "both"}) == 1;
           },
           "pipedream: forward, or both (training)")
        ->default_str("forward");
    app.add_option("--samples", options.pipedream.batch, "pipedream: the figures are of so many samples, plan for one")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
        ->capture_default_str();
    add_list_option(app, "--column", "csv: which column is what; may be repeated", "ROLE=HEADER[:UNIT]",
                    [&options](const std::string& text) {
                        const std::size_t equals = text.find('=');
                        if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
                            throw UsageError(fmt::format("--column: '{}' is not of the form ROLE=HEADER[:UNIT]", text));
                        }
                        options.table.columns.emplace_back(text.substr(0, equals), text.substr(equals + 1));
                    });
    add_text_option(
        app, "--input-size", "csv: bytes of the network's input, such as 602kB", "0B",
        [&options](const std::string& text) { options.table.input_bytes = parse_bytes(text, "--input-size"); });
    app.add_option("--nodes", options.machines.nodes, "pipedream, csv: identical machines")
        ->check(CLI::Range(std::size_t{1}, std::size_t{64}))
        ->capture_default_str();
    add_text_option(app, "--memory", "pipedream, csv: memory of each", "16GB",
                    [&options](const std::string& text) { options.machines.memory = parse_bytes(text, "--memory"); });
    add_text_option(
        app, "--bandwidth", "pipedream, csv: of every link", "1Gbit/s",
        [&options](const std::string& text) { options.machines.bandwidth = parse_bandwidth(text, "--bandwidth"); });
}

void require(const std::string& value, const char* option, const char* what) {
    if (value.empty()) throw UsageError(fmt::format("{} is missing: {}", option, what));
}

void check(const ImportOptions& options) {
    require(options.from, "--from", "the format of the files, such as --from pipeedge");
    const std::size_t format = choose("--from", "format", options.from, {"pipeedge", "pipedream", "csv"});
    if (format == 0) {
        require(options.models, "--models", "PipeEdge's models.yml");
        require(options.device_types, "--device-types", "PipeEdge's device_types.yml");
        require(options.devices, "--devices", "PipeEdge's devices.yml");
        require(options.pipeedge.model, "--model", "a name in models.yml");
    } else {
        require(options.file, "FILE", format == 1 ? "PipeDream's graph.txt" : "a table with a row a layer");
    }
    if (options.standard.output == "-") {
        throw UsageError("-o is missing: the folder that gets a profile for each kind of node and cluster.ini");
    }
}

}  // namespace

bool parse_import_options(int argc, const char* const* argv, std::string_view page, std::ostream& out,
                          std::ostream& err, ImportOptions& options) {
    CLI::App app("Turn the files of another planner into profiles and a cluster.", "carbonedge-plan import");
    app.add_option("--from", options.from, "format of the files: pipeedge, pipedream or csv")->type_name("FORMAT");
    add_pipeedge_options(app, options);
    add_file_options(app, options);
    app.add_option_function<std::string>(
           "--intensity",
           [&options](const std::string& text) { options.power.intensity = parse_intensity(text, "--intensity"); },
           "carbon intensity of every node, such as 400g/kWh")
        ->default_str("0g/kWh");
    app.add_option_function<std::string>(
           "--busy-power",
           [&options](const std::string& text) { options.power.busy_per_core = parse_power(text, "--busy-power"); },
           "power of every node while it computes, such as 10W")
        ->default_str("0W");
    add_standard_options(app, options.standard);
    if (!parse_command_line(app, argc, argv, page, out, err, options.standard)) return false;
    check(options);
    return true;
}

}  // namespace carbonedge
