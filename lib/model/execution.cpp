#include "lib/model/execution.h"

#include "lib/model/tensor_bridge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_conv_add_relu_fusion.h>
#include <torch/csrc/jit/passes/frozen_linear_transpose.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace carbonedge {

using torch::jit::Graph;

struct ExecutableGraph::State {
    std::shared_ptr<Graph> graph;
    torch::jit::Code code;
};

ExecutableGraph::ExecutableGraph(const std::shared_ptr<Graph>& graph)
    : state_(std::make_unique<State>(State{graph, torch::jit::Code(graph, "carbonedge")})) {}
ExecutableGraph::ExecutableGraph(ExecutableGraph&&) noexcept = default;
ExecutableGraph& ExecutableGraph::operator=(ExecutableGraph&&) noexcept = default;
ExecutableGraph::~ExecutableGraph() = default;

std::vector<at::Tensor> ExecutableGraph::run(const std::vector<at::Tensor>& inputs) const {
    torch::jit::Stack stack(inputs.begin(), inputs.end());
    torch::jit::InterpreterState(state_->code).run(stack);
    std::vector<at::Tensor> outputs;
    outputs.reserve(stack.size());
    for (c10::IValue& output : stack) outputs.push_back(std::move(output).toTensor());
    return outputs;
}

namespace {

/// FrozenLinearTranspose replaces aten::linear by products without saying where they come from; this tells them.
void transpose_linear_layers(std::shared_ptr<Graph>& graph) {
    struct Origin {
        std::string number;
        torch::jit::ScopePtr scope;
        c10::optional<torch::jit::InlinedCallStackPtr> callstack;
    };
    std::vector<Origin> linear_layers;
    for (torch::jit::Node* node : graph->nodes())
        if (node->kind() == c10::aten::linear)
            linear_layers.push_back({node->scopeName(), node->scope(), node->callstack()});
    torch::jit::FrozenLinearTranspose(graph);
    std::set<std::string> left;
    std::vector<torch::jit::Node*> products;
    for (torch::jit::Node* node : graph->nodes()) {
        left.insert(node->scopeName());
        if (node->kind() == c10::aten::matmul && node->scopeName().empty()) products.push_back(node);
    }
    std::erase_if(linear_layers, [&](const Origin& origin) { return left.contains(origin.number); });
    if (linear_layers.size() != products.size()) return;
    const auto tell = [](torch::jit::Node& node, const Origin& origin) {
        node.setScope(origin.scope);
        if (origin.callstack) node.setCallStack(*origin.callstack);
    };
    for (std::size_t i = 0; i < products.size(); ++i) {
        tell(*products[i], linear_layers[i]);
        for (const torch::jit::Use& use : products[i]->output()->uses())
            if (use.user->kind() == c10::aten::add && use.user->scopeName().empty()) tell(*use.user, linear_layers[i]);
    }
}

}  // namespace

std::shared_ptr<Graph> optimised_copy(const Graph& frozen) {
    // The passes of torch::jit::optimize_for_inference, in its order; it takes modules only.
    std::shared_ptr<Graph> graph = const_cast<Graph&>(frozen).copy();
    torch::jit::FuseFrozenConvAddRelu(graph);
    torch::jit::ConvertFrozenOpsToMKLDNN(graph);
    transpose_linear_layers(graph);
    torch::jit::EliminateDeadCode(graph);
    return graph;
}

std::vector<HostTensor> to_host_outputs(const std::vector<at::Tensor>& outputs) {
    std::vector<HostTensor> host;
    host.reserve(outputs.size());
    for (const at::Tensor& output : outputs) host.push_back(to_host(output, ""));
    return host;
}

namespace {

double pass_seconds(const ExecutableGraph& graph, const std::vector<at::Tensor>& inputs) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(graph.run(inputs));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Median over alternated passes of time(optimised) / time(frozen); neighbours in time see the same machine.
double speed_ratio(const ExecutableGraph& optimised, const ExecutableGraph& frozen,
                   const std::vector<at::Tensor>& inputs) {
    constexpr double kBudgetSeconds = 1.5;
    constexpr std::size_t kFewest = 5;
    constexpr std::size_t kMost = 41;
    for (int warm_up = 0; warm_up < 2; ++warm_up) {
        pass_seconds(optimised, inputs);
        pass_seconds(frozen, inputs);
    }
    std::vector<double> ratios;
    double spent = 0;
    while (ratios.size() < kFewest || (spent < kBudgetSeconds && ratios.size() < kMost)) {
        const double left = pass_seconds(optimised, inputs);
        const double right = pass_seconds(frozen, inputs);
        ratios.push_back(left / right);
        spent += left + right;
    }
    const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    return *middle;
}

}  // namespace

ExecutionChoice choose_execution(const std::shared_ptr<Graph>& frozen, const std::vector<at::Tensor>& inputs,
                                 const std::vector<HostTensor>& reference, bool optimise, bool compare_speed) {
    // Ratios inside a per cent of one are the clock's, not the graph's.
    constexpr double kNotSlower = 1.01;
    const ExecutableGraph frozen_run(frozen);
    const auto stay_frozen = [&](std::string reason) {
        return ExecutionChoice{frozen, false, std::move(reason),
                               compare_outputs(reference, to_host_outputs(frozen_run.run(inputs)))};
    };
    if (!optimise) return stay_frozen("not asked to optimise");
    std::shared_ptr<Graph> optimised;
    OutputDifference difference;
    try {
        optimised = optimised_copy(*frozen);
        difference = compare_outputs(reference, to_host_outputs(ExecutableGraph(optimised).run(inputs)));
    } catch (const c10::Error& error) {
        const std::string message = error.what_without_backtrace();
        return stay_frozen(fmt::format("optimising failed: {}", message.substr(0, message.find('\n'))));
    }
    if (!difference.conclusive)
        return stay_frozen(fmt::format("optimised output could not be checked: {}", difference.remark));
    if (difference.relative > kEqualOutputs)
        return stay_frozen(difference.remark.empty()
                               ? fmt::format("optimised output differs by {:.2g} of the range", difference.relative)
                               : fmt::format("optimised output is wrong: {}", difference.remark));
    if (compare_speed) {
        const double ratio = speed_ratio(ExecutableGraph(optimised), frozen_run, inputs);
        if (ratio > kNotSlower)
            return stay_frozen(fmt::format("optimised takes {:.2f} times as long as frozen", ratio));
    }
    return {std::move(optimised), true, "", difference};
}

}  // namespace carbonedge
