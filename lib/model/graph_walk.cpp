#include "lib/model/graph_walk.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <unordered_map>

namespace carbonedge {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;
namespace prim = c10::prim;

class Walk {
public:
    Walk(const std::string& path, WalkListener& listener) : path_(path), listener_(listener) {}

    void bind(const Value* value, c10::IValue content) { values_[value] = std::move(content); }

    void run(Block& block) {
        for (Node* node : block.nodes()) {
            std::vector<c10::IValue> inputs;
            inputs.reserve(node->inputs().size());
            for (const Value* input : node->inputs()) inputs.push_back(values_.at(input));
            listener_.before(*node, inputs, loop_depth_ > 0);
            std::vector<c10::IValue> outputs = run(*node, std::move(inputs));
            for (std::size_t i = 0; i < outputs.size(); ++i) bind(node->output(i), outputs[i]);
            listener_.after(*node, outputs, loop_depth_ > 0);
        }
    }

private:
    std::vector<c10::IValue> results(Block& block) {
        std::vector<c10::IValue> outputs;
        for (const Value* output : block.outputs()) outputs.push_back(values_.at(output));
        return outputs;
    }

    std::vector<c10::IValue> run(Node& node, std::vector<c10::IValue> inputs) {
        switch (node.kind()) {
            case prim::Constant:
                return {*torch::jit::toIValue(node.output())};
            case prim::If:
                return run_branch(node, inputs.at(0).toBool());
            case prim::Loop:
                return run_loop(node, std::move(inputs));
            case prim::unchecked_cast:
                return inputs;
            case c10::aten::warn:
                return {};  // known to the interpreter only
            case prim::Uninitialized:
                return {c10::IValue::uninitialized()};
            case prim::ListConstruct:
                return {list_of(node, inputs)};
            case prim::TupleConstruct:
                return {c10::ivalue::Tuple::create(std::move(inputs))};
            case prim::DictConstruct:
                return {dict_of(node, inputs)};
            case prim::TupleUnpack:
                return inputs.at(0).toTupleRef().elements().vec();
            case prim::ListUnpack: {
                const c10::List<c10::IValue> list = inputs.at(0).toList();
                return {list.begin(), list.end()};
            }
            default:
                return run_operator(node, std::move(inputs));
        }
    }

    std::vector<c10::IValue> run_branch(Node& node, bool condition) {
        const std::size_t taken = condition ? 0 : 1;
        listener_.branch(node, taken, loop_depth_ > 0);
        run(*node.blocks()[taken]);
        return results(*node.blocks()[taken]);
    }

    std::vector<c10::IValue> run_loop(Node& node, std::vector<c10::IValue> inputs) {
        Block& body = *node.blocks()[0];
        const std::int64_t trips = inputs.at(0).toInt();
        bool go_on = inputs.at(1).toBool();
        std::vector<c10::IValue> carried(inputs.begin() + 2, inputs.end());
        ++loop_depth_;
        for (std::int64_t trip = 0; trip < trips && go_on; ++trip) {
            bind(body.inputs()[0], trip);
            for (std::size_t i = 0; i < carried.size(); ++i) bind(body.inputs()[i + 1], carried[i]);
            run(body);
            carried = results(body);
            go_on = carried.front().toBool();
            carried.erase(carried.begin());
        }
        --loop_depth_;
        return carried;
    }

    static c10::IValue list_of(const Node& node, const std::vector<c10::IValue>& elements) {
        c10::impl::GenericList list(node.output()->type()->expectRef<c10::ListType>().getElementType());
        for (const c10::IValue& element : elements) list.push_back(element);
        return list;
    }

    static c10::IValue dict_of(const Node& node, const std::vector<c10::IValue>& entries) {
        const auto& type = node.output()->type()->expectRef<c10::DictType>();
        c10::impl::GenericDict dict(type.getKeyType(), type.getValueType());
        for (std::size_t i = 0; i + 1 < entries.size(); i += 2) dict.insert_or_assign(entries[i], entries[i + 1]);
        return dict;
    }

    std::vector<c10::IValue> run_operator(Node& node, std::vector<c10::IValue> stack) {
        if (node.maybeOperator() == nullptr)
            throw InputError(path_, 0,
                             fmt::format("uses '{}', which cannot be cut into stages", node.kind().toQualString()));
        if (node.getOperator().schema().is_vararg()) stack.emplace_back(static_cast<std::int64_t>(stack.size()));
        node.getOperation()(stack);
        return stack;
    }

    const std::string& path_;
    WalkListener& listener_;
    std::unordered_map<const Value*, c10::IValue> values_;
    int loop_depth_ = 0;
};

void collect_reads(Node& node, const Node& outermost, std::vector<Value*>& reads) {
    const auto add = [&](Value* value) {
        // A value made inside the outermost node is no read of it.
        for (const Node* owner = value->node()->owningBlock()->owningNode(); owner != nullptr;
             owner = owner->owningBlock()->owningNode())
            if (owner == &outermost) return;
        if (std::find(reads.begin(), reads.end(), value) == reads.end()) reads.push_back(value);
    };
    for (Value* input : node.inputs()) add(input);
    for (Block* block : node.blocks()) {
        for (Node* inner : block->nodes()) collect_reads(*inner, outermost, reads);
        for (Value* output : block->outputs()) add(output);
    }
}

}  // namespace

void walk_graph(torch::jit::Graph& graph, const std::vector<at::Tensor>& inputs, const std::string& path,
                WalkListener& listener) {
    Walk walk(path, listener);
    for (std::size_t i = 0; i < inputs.size(); ++i) walk.bind(graph.inputs()[i], inputs[i]);
    walk.run(*graph.block());
}

std::vector<Value*> values_read(Node& node) {
    std::vector<Value*> reads;
    collect_reads(node, node, reads);
    return reads;
}

}  // namespace carbonedge
