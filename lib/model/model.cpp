#include "lib/model/model.h"

#include "lib/base/errors.h"
#include "lib/model/cut_graph.h"
#include "lib/model/execution.h"
#include "lib/model/layer_costs.h"
#include "lib/model/sha256.h"
#include "lib/model/stage_extraction.h"
#include "lib/model/tensor_bridge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

namespace carbonedge {

struct Model::State {
    std::string path;
    std::string sha256;
    std::vector<InputSpec> input_specs;
    std::vector<HostTensor> inputs;
    std::vector<at::Tensor> tensors;  // the inputs as LibTorch has them
    std::optional<torch::jit::Module> reference;
    CutGraph cut;
    std::string execution;
    std::string reason;
    OutputDifference check;
    std::optional<ExecutableGraph> executing;
    std::optional<ExecutableGraph> marked;
    std::vector<LayerProfile> layers;
    std::vector<ValueRef> input_values;
    std::vector<std::int64_t> output_values;

    void take_inputs(const ModelOptions& options);
    void prepare(const ModelOptions& options);
    void describe_layers(const std::vector<CalledModule>& called, int depth);
    std::string inputs_text() const;
    std::vector<HostTensor> reference_outputs(const std::vector<at::Tensor>& given);
};

namespace {

using torch::jit::Graph;

std::vector<at::Tensor> cloned(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> clones;
    clones.reserve(tensors.size());
    for (const at::Tensor& tensor : tensors) clones.push_back(tensor.clone());
    return clones;
}

/// Freezing leaves attributes alone that some branch might overwrite, taken or not. They become constants here;
/// whether what runs overwrites one is looked at later (refuse_state).
void inline_attributes(torch::jit::Graph& graph, torch::jit::Block& block,
                       std::unordered_map<const torch::jit::Value*, c10::IValue>& objects) {
    for (torch::jit::Node* node : block.nodes()) {
        for (torch::jit::Block* inner : node->blocks()) inline_attributes(graph, *inner, objects);
        if (node->kind() != c10::prim::GetAttr) continue;
        const auto owner = objects.find(node->input());
        if (owner == objects.end()) continue;
        const c10::IValue value = owner->second.toObjectRef().getAttr(node->s(c10::attr::name));
        if (value.isObject()) {
            objects[node->output()] = value;
            continue;
        }
        const torch::jit::WithInsertPoint at_start(*graph.nodes().begin());
        if (const auto constant = torch::jit::tryInsertConstant(graph, value))
            node->output()->replaceAllUsesWith(*constant);
    }
}

/// A network that writes into its own buffers gives other answers in every pass; no stage can carry that.
void refuse_state(torch::jit::Graph& graph, const GraphFacts& facts, const std::string& path) {
    std::set<const void*> constants;
    for (torch::jit::Node* node : graph.nodes())
        if (node->kind() == c10::prim::Constant)
            if (const TensorFacts* tensor = facts.find(node->output())) constants.insert(tensor->storage);
    for (const torch::jit::Node* node : graph.nodes()) {
        const int target = overwritten_input(*node);
        if (target < 0) continue;
        const TensorFacts* written = facts.find(node->inputs()[static_cast<std::size_t>(target)]);
        if (written != nullptr && written->storage != nullptr && constants.contains(written->storage))
            throw InputError(path, 0,
                             fmt::format("overwrites its own weights or buffers with '{}' while it runs, which no "
                                         "stage can carry",
                                         node->kind().toQualString()));
    }
}

/// Frozen, inlined, specialised; batch norms not yet folded.
std::shared_ptr<Graph> frozen_graph(const torch::jit::Module& module, const std::vector<at::Tensor>& inputs,
                                    const std::string& path) {
    torch::jit::Module frozen = torch::jit::freeze_module(module);
    std::shared_ptr<Graph> graph = frozen.get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    std::unordered_map<const torch::jit::Value*, c10::IValue> objects{{graph->inputs().at(0), frozen._ivalue()}};
    inline_attributes(*graph, *graph->block(), objects);
    torch::jit::EliminateDeadCode(graph);
    if (graph->inputs().at(0)->hasUses())
        throw InputError(path, 0, "keeps state in attributes that change while it runs, which no stage can carry");
    graph->eraseInput(0);
    specialise_for_shapes(graph, inputs, path);
    return graph;
}

/// Parameters that each module owns itself, by module path.
std::map<std::string, std::int64_t> own_parameters(const torch::jit::Module& module) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& parameter : module.named_parameters()) {
        const std::size_t dot = parameter.name.rfind('.');
        counts[dot == std::string::npos ? "" : parameter.name.substr(0, dot)] += parameter.value.numel();
    }
    return counts;
}

/// Modules that forward calls but that left no row of their own (a folded batch norm) go to the row before them.
void fold_modules(const std::vector<CalledModule>& called, std::vector<LayerProfile>& layers,
                  const std::vector<GraphRow>& rows, bool grouped) {
    std::map<std::string, std::size_t> row_of_path;
    for (std::size_t i = rows.size(); i-- > 0;) row_of_path[rows[i].path] = i;
    std::vector<std::string> early;
    std::size_t before = rows.size();
    for (const CalledModule& module : called) {
        auto row = row_of_path.find(module.path);
        // A group's row is named after a module above; all inside it is its own.
        for (std::string above = module.path;
             grouped && row == row_of_path.end() && above.find('.') != std::string::npos;) {
            above.resize(above.rfind('.'));
            row = row_of_path.find(above);
        }
        if (row != row_of_path.end()) {
            before = row->second;
            for (std::string& path : early) layers[before].folded.push_back(std::move(path));
            early.clear();
        } else if (before < rows.size()) {
            layers[before].folded.push_back(module.path);
        } else {
            early.push_back(module.path);
        }
    }
}

/// Weights of each module for its row: the row's own module, what is folded into it, and modules without a row of
/// their own whose weights a module above them uses directly (the projections of an attention block).
void count_parameters(const torch::jit::Module& module, const std::vector<GraphRow>& rows,
                      std::vector<LayerProfile>& layers) {
    std::map<std::string, std::int64_t> counts = own_parameters(module);
    const auto take = [&](const std::string& path, std::size_t row) {
        const auto found = counts.find(path);
        if (found == counts.end()) return;
        layers[row].parameters += found->second;
        counts.erase(found);
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
        take(rows[row].path, row);
        for (const std::string& path : layers[row].folded) take(path, row);
    }
    const std::map<std::string, std::int64_t> left = counts;
    for (const auto& [path, count] : left) {
        std::string above = path;
        for (std::size_t dot = above.rfind('.'); dot != std::string::npos; dot = above.rfind('.')) {
            above.resize(dot);
            const auto row = std::find_if(rows.begin(), rows.end(), [&](const GraphRow& r) { return r.path == above; });
            if (row == rows.end()) continue;
            take(path, static_cast<std::size_t>(row - rows.begin()));
            break;
        }
    }
}

Bytes bytes_of(const CutGraph& cut, const torch::jit::Value& value) {
    const TensorFacts& facts = *cut.facts.find(&value);
    return tensor_bytes(*facts.dtype, facts.shape);
}

}  // namespace

void Model::State::take_inputs(const ModelOptions& options) {
    const c10::FunctionSchema& schema = reference->get_method("forward").function().getSchema();
    std::vector<std::string> names;
    for (std::size_t i = 1; i < schema.arguments().size(); ++i) names.push_back(schema.arguments()[i].name());
    if (options.inputs.empty() && options.input_tensors.empty())
        throw UsageError(fmt::format("{} takes {} inputs; give each with --input SHAPE", path, names.size()));
    const std::size_t given = std::max(options.inputs.size(), options.input_tensors.size());
    std::vector<InputSpec> specs = options.inputs;
    for (std::size_t i = specs.size(); i < given; ++i) {
        const HostTensor& tensor = options.input_tensors[i];
        specs.push_back({tensor.name, tensor.dtype, tensor.shape, 0, 1});
    }
    std::vector<std::optional<std::size_t>> source(names.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < given; ++i) {
        std::size_t place = names.size();
        if (specs[i].name.empty()) {
            while (next < names.size() && source[next]) ++next;
            place = next;
        } else {
            place = static_cast<std::size_t>(std::find(names.begin(), names.end(), specs[i].name) - names.begin());
        }
        if (place >= names.size() || source[place])
            throw UsageError(fmt::format("{} has no {}; its inputs are: {}", path,
                                         specs[i].name.empty() ? fmt::format("input number {}", i + 1)
                                                               : fmt::format("further input '{}'", specs[i].name),
                                         fmt::join(names, ", ")));
        source[place] = i;
    }
    for (std::size_t place = 0; place < names.size(); ++place) {
        if (!source[place]) {
            // Only trailing parameters with a default may be left out.
            for (std::size_t later = place; later < names.size(); ++later)
                if (source[later] || !schema.arguments()[later + 1].default_value())
                    throw UsageError(fmt::format("{} needs its input '{}'; give it with --input {}=SHAPE", path,
                                                 names[later], names[later]));
            break;
        }
        const std::size_t from = *source[place];
        input_specs.push_back(specs[from]);
        inputs.push_back(from < options.input_tensors.size() && !options.input_tensors[from].content.empty()
                             ? options.input_tensors[from]
                             : random_tensor(specs[from], options.seed + from));
        inputs.back().name = names[place];
        tensors.push_back(copy_tensor(inputs.back()));
    }
}

std::vector<HostTensor> Model::State::reference_outputs(const std::vector<at::Tensor>& given) {
    // As loaded: the executor's own rewriting stays off too.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    std::vector<c10::IValue> arguments;
    for (at::Tensor& tensor : cloned(given)) arguments.emplace_back(std::move(tensor));
    const c10::IValue returned = reference->forward(arguments);
    std::vector<at::Tensor> outputs;
    flatten_outputs(returned, path, outputs);
    return to_host_outputs(outputs);
}

void Model::State::prepare(const ModelOptions& options) {
    std::shared_ptr<Graph> frozen;
    std::vector<CalledModule> called;
    std::vector<HostTensor> expected;
    with_torch(path, fmt::format("does not run on {}", inputs_text()), [&] { expected = reference_outputs(tensors); });
    with_torch(path, "cannot be frozen", [&] {
        frozen = frozen_graph(*reference, tensors, path);
        called = called_leaf_modules(*frozen);
        torch::jit::OptimizeFrozenGraph(frozen, true);
        torch::jit::EliminateDeadCode(frozen);
    });
    with_torch(path, "cannot be cut", [&] {
        GraphFacts facts = observe(*frozen, cloned(tensors), path);
        refuse_state(*frozen, facts, path);
        if (keep_inputs_intact(*frozen, facts, path)) facts = observe(*frozen, cloned(tensors), path);
        number_nodes(*frozen);
        ExecutionChoice choice = choose_execution(frozen, tensors, expected, options.optimise, options.compare_speed);
        execution = choice.optimised ? "optimised" : "frozen";
        reason = choice.reason;
        check = choice.difference;
        cut = make_cut_graph(frozen, *choice.graph, std::move(facts), options.grouping_depth);
        std::vector<const torch::jit::Node*> firsts;
        for (const GraphRow& row : cut.rows) firsts.push_back(row.first);
        marked.emplace(marked_copy(*choice.graph, firsts));
        executing.emplace(choice.graph);
        describe_layers(called, options.grouping_depth);
    });
}

std::string Model::State::inputs_text() const {
    std::string text;
    for (const InputSpec& spec : input_specs) text += (text.empty() ? "" : " ") + input_spec_text(spec);
    return text;
}

void Model::State::describe_layers(const std::vector<CalledModule>& called, int depth) {
    std::unordered_map<const void*, bool> counted;
    const std::vector<std::int64_t> peaks = peak_bytes(cut);
    for (std::size_t i = 0; i < cut.rows.size(); ++i) {
        const GraphRow& row = cut.rows[i];
        LayerProfile layer;
        layer.name = row.name;
        layer.type = row.type;
        std::set<std::int64_t> read;
        for (torch::jit::Node* node : row.nodes) {
            layer.macs += multiply_accumulates(*node, cut.facts);
            layer.weight_bytes += Bytes(weight_bytes(*node, counted));
            for (const torch::jit::Value* value : needed_values(*node)) {
                const auto id = cut.ids.find(value);
                const bool own = std::find(row.nodes.begin(), row.nodes.end(), value->node()) != row.nodes.end();
                if (id != cut.ids.end() && !own) read.insert(id->second);
            }
            for (const torch::jit::Value* value : node->outputs()) {
                const auto id = cut.ids.find(value);
                if (id == cut.ids.end()) continue;
                layer.outputs.push_back({id->second, bytes_of(cut, *value)});
                layer.activation_bytes += layer.outputs.back().bytes;
            }
        }
        layer.inputs.assign(read.begin(), read.end());
        layer.peak_bytes = Bytes(peaks[i]);
        layer.cut_reason = cut.cuts[i + 1].refusal;
        layer.cut_after = layer.cut_reason.empty();
        layers.push_back(std::move(layer));
    }
    fold_modules(called, layers, cut.rows, depth > 0);
    count_parameters(*reference, cut.rows, layers);
    for (const torch::jit::Value* value : cut.graph->inputs())
        input_values.push_back({cut.ids.at(value), bytes_of(cut, *value)});
    for (const torch::jit::Value* value : cut.graph->outputs()) {
        const auto id = cut.ids.find(value);
        if (id == cut.ids.end())
            throw InputError(path, 0, "returns a constant or a tensor whose element type cannot be sent");
        output_values.push_back(id->second);
    }
}

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string& path, const ModelOptions& options) {
    auto state = std::make_unique<State>();
    state->path = path;
    state->sha256 = sha256_of_file(path);
    with_torch(path, "is not a TorchScript module", [&] {
        state->reference = torch::jit::load(path, at::kCPU);
        state->reference->eval();
        if (!state->reference->find_method("forward")) throw InputError(path, 0, "has no method 'forward'");
    });
    state->take_inputs(options);
    state->prepare(options);
    return Model(std::move(state));
}

const std::vector<LayerProfile>& Model::layers() const { return state_->layers; }
const std::vector<ValueRef>& Model::input_values() const { return state_->input_values; }
const std::vector<std::int64_t>& Model::output_values() const { return state_->output_values; }
const std::string& Model::sha256() const { return state_->sha256; }
const std::string& Model::execution() const { return state_->execution; }
const std::string& Model::execution_reason() const { return state_->reason; }
const std::vector<HostTensor>& Model::inputs() const { return state_->inputs; }
const std::vector<InputSpec>& Model::input_specs() const { return state_->input_specs; }
const OutputDifference& Model::output_check() const { return state_->check; }

std::vector<HostTensor> Model::run_reference(const std::vector<HostTensor>& inputs) {
    std::vector<HostTensor> outputs;
    with_torch(state_->path, "cannot run", [&] {
        std::vector<at::Tensor> tensors;
        for (const HostTensor& input : inputs) tensors.push_back(copy_tensor(input));
        outputs = state_->reference_outputs(tensors);
    });
    return outputs;
}

std::vector<HostTensor> Model::run(const std::vector<HostTensor>& inputs) {
    std::vector<HostTensor> outputs;
    with_torch(state_->path, "cannot run", [&] {
        std::vector<at::Tensor> tensors;
        for (const HostTensor& input : inputs)
            tensors.push_back(borrow_tensor(input.dtype, input.shape, input.content.data()));
        outputs = to_host_outputs(state_->executing->run(tensors));
    });
    return outputs;
}

void Model::run_once() {
    with_torch(state_->path, "cannot run", [&] { static_cast<void>(state_->executing->run(state_->tensors)); });
}

TimedPass Model::run_marked(bool with_cpu) {
    TimedPass pass;
    with_torch(state_->path, "cannot run", [&] {
        pass = carbonedge::run_marked(*state_->marked, state_->tensors, state_->layers.size(), with_cpu);
    });
    return pass;
}

void Model::extract_stage(const LayerRange& range, const std::string& path) const {
    const CutGraph& cut = state_->cut;
    if (range.first >= range.end || range.end > cut.rows.size())
        throw UsageError(fmt::format("layers {} to {} are no stage: the model has {} layers", range.first, range.end,
                                     cut.rows.size()));
    for (const std::size_t position : {range.first, range.end}) {
        const bool inside = position > 0 && position < cut.rows.size();
        if (inside && !cut.cuts[position].refusal.empty())
            throw UsageError(
                fmt::format("no cut after layer '{}': {}", cut.rows[position - 1].name, cut.cuts[position].refusal));
    }
    with_torch(path, "cannot write the stage", [&] { write_stage(cut, range, state_->sha256, path); });
}

}  // namespace carbonedge
