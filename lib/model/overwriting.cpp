#include "lib/base/errors.h"
#include "lib/model/cut_graph.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>

namespace carbonedge {

using torch::jit::Node;

int overwritten_input(const Node& node) {
    const c10::FunctionSchema* schema = node.maybeSchema();
    if (schema == nullptr) return -1;
    for (std::size_t i = 0; i < schema->arguments().size() && i < node.inputs().size(); ++i) {
        const c10::AliasInfo* alias = schema->arguments()[i].alias_info();
        if (alias != nullptr && alias->isWrite()) return static_cast<int>(i);
    }
    return -1;
}

std::string out_of_place_name(const Node& node) {
    std::string name = node.kind().toQualString();
    if (!name.ends_with('_') || name.ends_with("__")) return "";
    name.pop_back();
    for (const auto& candidate : torch::jit::getAllOperatorsFor(c10::Symbol::fromQualString(name)))
        if (candidate->schema().overload_name() == node.schema().overload_name()) return name;
    return "";
}

void make_out_of_place(Node& node) {
    torch::jit::Graph& graph = *node.owningGraph();
    Node* fresh =
        graph.create(c10::Symbol::fromQualString(out_of_place_name(node)), node.inputs(), node.outputs().size());
    fresh->copyMetadata(&node);
    fresh->insertBefore(&node);
    for (std::size_t i = 0; i < node.outputs().size(); ++i) {
        fresh->output(i)->setType(node.output(i)->type());
        node.output(i)->replaceAllUsesWith(fresh->output(i));
    }
    node.destroy();
}

bool keep_inputs_intact(torch::jit::Graph& graph, const GraphFacts& facts, const std::string& path) {
    std::vector<Node*> overwriting;
    for (Node* node : graph.nodes()) {
        const int target = overwritten_input(*node);
        if (target < 0) continue;
        const TensorFacts* written = facts.find(node->input(static_cast<std::size_t>(target)));
        if (written == nullptr) continue;
        for (const torch::jit::Value* input : graph.inputs()) {
            const TensorFacts* given = facts.find(input);
            if (given != nullptr && given->storage == written->storage) overwriting.push_back(node);
        }
    }
    for (Node* node : overwriting) {
        const int target = overwritten_input(*node);
        if (target != 0 || out_of_place_name(*node).empty())
            throw InputError(
                path, 0,
                fmt::format("overwrites its input with '{}', which cannot be undone", node->kind().toQualString()));
        // Whoever reads the input later expects what the operation left there.
        node->input(0)->replaceAllUsesAfterNodeWith(node, node->output());
        make_out_of_place(*node);
    }
    return !overwriting.empty();
}

}  // namespace carbonedge
