// check_cuts all|COUNT|rows MODEL.pt INPUT...: cuts a network and holds the chained stages against the network as
// loaded. Prints "rows | legal cuts | checked | execution | worst difference | remarks"; "rows" lists the rows.
// Exit status 0 where every checked cut is equal, 1 where one is not, 4 on errors.
#include "lib/base/tool_main.h"
#include "lib/model/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <span>

namespace carbonedge {
namespace {

struct Worst {
    double relative = 0;
    std::string where;
    std::size_t checked = 0;
    std::set<std::string> fell_back;
};

std::vector<std::size_t> legal_cuts(const Model& model) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 0; i + 1 < model.layers().size(); ++i)
        if (model.layers()[i].cut_after) cuts.push_back(i + 1);
    return cuts;
}

/// Runs the stages between the given cuts one after the other; values travel by name.
void check_chain(Model& model, const std::vector<std::size_t>& cuts, const std::vector<HostTensor>& expected,
                 const std::filesystem::path& folder, Worst& worst) {
    std::map<std::string, HostTensor> live;
    for (std::size_t i = 0; i < model.inputs().size(); ++i)
        live[fmt::format("v{}", model.input_values()[i].id)] = model.inputs()[i];
    std::vector<HostTensor> outputs;
    std::size_t first = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t end = i < cuts.size() ? cuts[i] : model.layers().size();
        const std::string path = (folder / fmt::format("stage-{}.pt", i)).string();
        model.extract_stage({first, end}, path);
        StageModule stage = StageModule::load(path, model.execution() == "optimised");
        if (stage.execution() != model.execution()) worst.fell_back.insert(stage.execution_reason());
        std::vector<HostTensor> inputs;
        for (const InputSpec& spec : stage.input_specs()) inputs.push_back(live.at(spec.name));
        outputs = stage.run(inputs);
        live.clear();
        for (const HostTensor& output : outputs) live[output.name] = output;
        first = end;
    }
    const OutputDifference difference = compare_outputs(expected, outputs);
    ++worst.checked;
    const double relative = difference.conclusive ? difference.relative : 1e9;
    if (relative > worst.relative) {
        worst.relative = relative;
        worst.where = fmt::format("cut at {} {}", fmt::join(cuts, ","), difference.remark);
    }
}

void print_rows(const Model& model) {
    for (std::size_t i = 0; i < model.layers().size(); ++i) {
        const LayerProfile& layer = model.layers()[i];
        std::vector<std::string> outputs;
        for (const ValueRef& value : layer.outputs)
            outputs.push_back(fmt::format("{}:{}", value.id, value.bytes.value()));
        fmt::print("{} {} [{}] in {} out {} params {} macs {} weights {} peak {} folded {} {}\n", i, layer.name,
                   layer.type, fmt::join(layer.inputs, ","), fmt::join(outputs, ","), layer.parameters, layer.macs,
                   layer.weight_bytes.value(), layer.peak_bytes.value(), fmt::join(layer.folded, ","),
                   layer.cut_after ? "" : "NO CUT: " + layer.cut_reason);
    }
}

ExitStatus check(std::span<char*> arguments) {
    const std::string mode = arguments[1];
    configure_allocator();
    configure_model_threads(1);
    ModelOptions options;
    for (char* text : arguments.subspan(3)) options.inputs.push_back(parse_input_spec(text));
    options.compare_speed = false;
    Model model = Model::load(arguments[2], options);
    if (mode == "rows") {
        print_rows(model);
        return ExitStatus::kOk;
    }
    const std::vector<HostTensor> expected = model.run_reference(model.inputs());
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / fmt::format("check-cuts-{}", getpid());
    std::filesystem::create_directories(folder);
    const std::vector<std::size_t> cuts = legal_cuts(model);
    Worst worst;
    if (mode == "all") {
        for (const std::size_t cut : cuts) check_chain(model, {cut}, expected, folder, worst);
    } else {
        const std::size_t count = std::min<std::size_t>(std::stoul(mode), cuts.size());
        std::vector<std::size_t> spread;
        for (std::size_t i = 1; i <= count; ++i) spread.push_back(cuts[i * cuts.size() / (count + 1)]);
        check_chain(model, spread, expected, folder, worst);
    }
    std::filesystem::remove_all(folder);
    std::map<std::string, std::size_t> refused;
    for (const LayerProfile& layer : model.layers())
        if (!layer.cut_after) ++refused[layer.cut_reason.substr(0, 60)];
    std::string remarks = model.execution_reason();
    for (const auto& [reason, count] : refused) remarks += fmt::format("; {}x {}", count, reason);
    for (const std::string& reason : worst.fell_back) remarks += fmt::format("; a stage stays frozen: {}", reason);
    fmt::print("{} | {} | {} | {} | {:.2g} {} | {}\n", model.layers().size(), cuts.size(), worst.checked,
               model.execution(), worst.relative, worst.relative > kEqualOutputs ? worst.where : "", remarks);
    const bool equal = worst.checked > 0 && worst.relative <= kEqualOutputs && model.output_check().conclusive &&
                       model.output_check().relative <= kEqualOutputs;
    return equal ? ExitStatus::kOk : ExitStatus::kNegativeVerdict;
}

}  // namespace
}  // namespace carbonedge

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    if (arguments.size() < 4) {
        std::cerr << "usage: check_cuts all|COUNT|rows MODEL.pt INPUT...\n";
        return 2;
    }
    return carbonedge::tool_main("check_cuts", std::cerr, [&] { return carbonedge::check(arguments); });
}
