#include "lib/base/errors.h"
#include "lib/model/execution.h"
#include "lib/model/model.h"
#include "lib/model/stage_extraction.h"
#include "lib/model/tensor_bridge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/lower_tuples.h>
#include <torch/csrc/jit/serialization/import.h>

#include <fstream>
#include <optional>

namespace carbonedge {

struct StageModule::State {
    std::string path;
    StageFacts facts;
    std::string execution;
    std::string reason;
    std::optional<ExecutableGraph> executing;

    std::vector<at::Tensor> run(const std::vector<TensorView>& inputs) const;
};

namespace {

/// The stage's graph without `self` and with one output a tensor.
std::shared_ptr<torch::jit::Graph> stage_graph(const torch::jit::Module& module, const std::string& path) {
    std::shared_ptr<torch::jit::Graph> graph = module.get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    torch::jit::Node* maker = graph->outputs().at(0)->node();
    if (maker->kind() == c10::prim::TupleConstruct) {
        const std::vector<torch::jit::Value*> parts = maker->inputs().vec();
        graph->eraseOutput(0);
        for (torch::jit::Value* part : parts) graph->registerOutput(part);
        maker->destroy();
    }
    if (graph->inputs().at(0)->hasUses())
        throw InputError(path, 0, "is not a stage: it reads attributes of its module");
    graph->eraseInput(0);
    return graph;
}

std::vector<at::Tensor> seeded_inputs(const std::vector<InputSpec>& specs) {
    std::vector<at::Tensor> tensors;
    std::uint64_t seed = 1;
    for (const InputSpec& spec : specs) tensors.push_back(copy_tensor(random_tensor(spec, seed++)));
    return tensors;
}

/// How many requests the first input holds one after the other; 1 where that is no whole number.
std::int64_t batch_in(const InputSpec& spec, const StageModule::TensorView& view) {
    if (spec.shape.empty() || view.shape.empty() || spec.shape[0] <= 0) return 1;
    return std::max<std::int64_t>(view.shape[0] / spec.shape[0], 1);
}

void check_input(InputSpec spec, std::int64_t batch, const StageModule::TensorView& view, const std::string& path) {
    if (!spec.shape.empty()) spec.shape[0] *= batch;
    if (view.dtype != spec.dtype || view.shape != spec.shape)
        throw InputError(path, 0,
                         fmt::format("input '{}' is {} of {}, expected {} of {}", spec.name, shape_text(view.shape),
                                     dtype_name(view.dtype), shape_text(spec.shape), dtype_name(spec.dtype)));
    if (static_cast<std::int64_t>(view.size) != tensor_bytes(spec.dtype, spec.shape).value())
        throw InputError(path, 0,
                         fmt::format("input '{}' holds {} bytes, expected {}", spec.name, view.size,
                                     tensor_bytes(spec.dtype, spec.shape).value()));
}

}  // namespace

std::vector<at::Tensor> StageModule::State::run(const std::vector<TensorView>& inputs) const {
    if (inputs.size() != facts.inputs.size())
        throw InputError(path, 0, fmt::format("takes {} inputs, was given {}", facts.inputs.size(), inputs.size()));
    std::vector<at::Tensor> tensors;
    tensors.reserve(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        check_input(facts.inputs[i], batch_in(facts.inputs[0], inputs[0]), inputs[i], path);
        tensors.push_back(borrow_tensor(inputs[i].dtype, inputs[i].shape, inputs[i].content));
    }
    return executing->run(tensors);
}

StageModule::StageModule(std::unique_ptr<State> state) : state_(std::move(state)) {}
StageModule::StageModule(StageModule&&) noexcept = default;
StageModule& StageModule::operator=(StageModule&&) noexcept = default;
StageModule::~StageModule() = default;

StageModule StageModule::load(const std::string& path, bool optimise) {
    if (!std::ifstream(path, std::ios::binary)) throw InputError(path, 0, "cannot be read, expected a stage file");
    auto state = std::make_unique<State>();
    state->path = path;
    with_torch(path, "is not a TorchScript stage", [&] {
        std::unordered_map<std::string, std::string> extra{{kStageFactsEntry, ""}};
        const torch::jit::Module module = torch::jit::load(path, at::kCPU, extra);
        state->facts = parse_stage_facts(extra[kStageFactsEntry], path);
        const std::shared_ptr<torch::jit::Graph> frozen = stage_graph(module, path);
        const std::vector<at::Tensor> inputs = seeded_inputs(state->facts.inputs);
        const std::vector<HostTensor> reference = to_host_outputs(ExecutableGraph(frozen).run(inputs));
        const ExecutionChoice choice = choose_execution(frozen, inputs, reference, optimise, false);
        state->execution = choice.optimised ? "optimised" : "frozen";
        state->reason = choice.reason;
        state->executing.emplace(choice.graph);
    });
    return StageModule(std::move(state));
}

const std::vector<InputSpec>& StageModule::input_specs() const { return state_->facts.inputs; }
const std::vector<InputSpec>& StageModule::output_specs() const { return state_->facts.outputs; }
const std::string& StageModule::execution() const { return state_->execution; }
const std::string& StageModule::execution_reason() const { return state_->reason; }
const std::string& StageModule::model_sha256() const { return state_->facts.model_sha256; }
const LayerRange& StageModule::layers() const { return state_->facts.layers; }

void StageModule::run(const std::vector<TensorView>& inputs,
                      const std::function<void(const std::vector<TensorView>&)>& views) {
    std::vector<at::Tensor> outputs;
    with_torch(state_->path, "cannot run", [&] { outputs = state_->run(inputs); });
    std::vector<TensorView> seen;
    seen.reserve(outputs.size());
    for (const at::Tensor& output : outputs)
        seen.push_back({dtype_of(output).value(), output.sizes().vec(),
                        static_cast<const std::byte*>(output.data_ptr()), output.nbytes()});
    views(seen);
}

std::vector<HostTensor> StageModule::run(const std::vector<HostTensor>& inputs) {
    std::vector<TensorView> borrowed;
    borrowed.reserve(inputs.size());
    for (const HostTensor& input : inputs)
        borrowed.push_back({input.dtype, input.shape, input.content.data(), input.content.size()});
    std::vector<HostTensor> outputs;
    run(borrowed, [&](const std::vector<TensorView>& views) {
        for (std::size_t i = 0; i < views.size(); ++i) {
            const InputSpec& spec = state_->facts.outputs.at(i);
            outputs.push_back({spec.name, views[i].dtype, views[i].shape,
                               std::vector<std::byte>(views[i].content, views[i].content + views[i].size)});
        }
    });
    return outputs;
}

}  // namespace carbonedge
