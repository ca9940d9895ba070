#include "tools/stage/stage_command.h"

#include "lib/base/atomic_file.h"
#include "lib/model/model.h"
#include "lib/model/stage_manifest_file.h"
#include "lib/partition/plan_file.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <ostream>
#include <sstream>

namespace carbonedge {
namespace {

namespace fs = std::filesystem;

/// What is to be written: one chain a pipeline.
struct Request {
    Profile profile;
    std::vector<std::vector<LayerRange>> chains;
};

Request read_request(const std::string& path, std::istream& in) {
    const std::string text = read_input(path, in);
    const std::string shown = path == "-" ? "standard input" : path;
    Request request;
    if (schema_of(text).starts_with("carbonedge.plan/")) {
        const Plan plan = read_plan(text, shown);
        request.profile = plan.profiles.at(0);
        for (const Pipeline& pipeline : plan.pipelines) {
            std::vector<LayerRange> chain;
            for (const PlannedStage& stage : pipeline.stages) chain.push_back(stage.layers);
            request.chains.push_back(std::move(chain));
        }
        return request;
    }
    const Partition partition = read_partition(text, shown);
    request.profile = partition.profile;
    request.chains.push_back(partition.stages);
    return request;
}

std::vector<LayerRange> distinct_ranges(const Request& request) {
    std::vector<LayerRange> ranges;
    for (const std::vector<LayerRange>& chain : request.chains)
        for (const LayerRange& range : chain)
            if (std::find(ranges.begin(), ranges.end(), range) == ranges.end()) ranges.push_back(range);
    return ranges;
}

/// Runs a chain of stage files on the model's inputs.
std::vector<HostTensor> run_chain(const Model& model, const std::vector<LayerRange>& chain,
                                  const StageManifest& manifest, const fs::path& folder) {
    std::map<std::string, HostTensor> live;
    for (std::size_t i = 0; i < model.inputs().size(); ++i)
        live[fmt::format("v{}", model.input_values()[i].id)] = model.inputs()[i];
    std::vector<HostTensor> outputs;
    for (const LayerRange& range : chain) {
        const auto entry = std::find_if(manifest.stages.begin(), manifest.stages.end(),
                                        [&](const StageManifest::Entry& e) { return e.layers == range; });
        StageModule stage = StageModule::load((folder / entry->file).string(), model.execution() == "optimised");
        std::vector<HostTensor> inputs;
        for (const InputSpec& spec : stage.input_specs()) inputs.push_back(live.at(spec.name));
        outputs = stage.run(inputs);
        live.clear();
        for (const HostTensor& output : outputs) live[output.name] = output;
    }
    return outputs;
}

ExitStatus verify(Model& model, const Request& request, const StageManifest& manifest, const fs::path& folder,
                  bool quiet, std::ostream& err) {
    const std::vector<HostTensor> expected = model.run_reference(model.inputs());
    ExitStatus status = ExitStatus::kOk;
    for (const std::vector<LayerRange>& chain : request.chains) {
        const OutputDifference difference = compare_outputs(expected, run_chain(model, chain, manifest, folder));
        if (!difference.conclusive) {
            fmt::print(err, "carbonedge-stage: outputs cannot be compared: {}\n", difference.remark);
            status = ExitStatus::kInconclusive;
        } else if (difference.relative > kEqualOutputs) {
            fmt::print(err,
                       "carbonedge-stage: the chained stages differ from the network by {:.2g} of its output "
                       "range, expected at most {:g}\n",
                       difference.relative, kEqualOutputs);
            status = ExitStatus::kInconclusive;
        } else if (!quiet) {
            fmt::print(err, "{} chained stages equal the network as loaded: {:.2g} of its output range\n", chain.size(),
                       difference.relative);
        }
    }
    return status;
}

}  // namespace

ExitStatus stage_command(const StageOptions& options, std::istream& in, std::ostream& err) {
    const fs::path folder = options.emit;
    const Request request = read_request(options.stages, in);
    const std::vector<LayerRange> ranges = distinct_ranges(request);
    const std::string manifest_path = (folder / "stages.json").string();
    check_output(manifest_path, options.standard.overwrite);
    for (std::size_t i = 0; i < ranges.size(); ++i)
        check_output((folder / fmt::format("stage-{}.pt", i)).string(), options.standard.overwrite);
    configure_allocator();
    configure_model_threads(request.profile.threads);
    Model model = load_profiled_model(options.model, request.profile);
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem)
        throw EnvironmentError(fmt::format("cannot make the folder {}: {}", folder.string(), problem.message()),
                               "check its parent and its permissions");
    StageManifest manifest{model.sha256(), model.execution(), {}};
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const std::string name = fmt::format("stage-{}.pt", i);
        const std::string path = (folder / name).string();
        model.extract_stage(ranges[i], path);
        const StageModule stage = StageModule::load(path, false);
        manifest.stages.push_back({name, ranges[i], stage.input_specs(), stage.output_specs()});
        if (!options.standard.quiet)
            fmt::print(err, "{}: layers {} to {}\n", path, request.profile.layers[ranges[i].first].name,
                       request.profile.layers[ranges[i].end - 1].name);
    }
    std::ostringstream unused;
    write_output(manifest_path, options.standard.overwrite, write_stage_manifest(manifest), unused);
    if (!options.verify) return ExitStatus::kOk;
    return verify(model, request, manifest, folder, options.standard.quiet, err);
}

}  // namespace carbonedge
