#include "lib/base/errors.h"
#include "lib/model/graph_walk.h"
#include "lib/model/observer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_pooling.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/lower_tuples.h>
#include <torch/csrc/jit/passes/peephole.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace carbonedge {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;
namespace prim = c10::prim;
namespace aten = c10::aten;

bool holds_tensor(const c10::IValue& value) {
    if (value.isTensor()) return true;
    if (value.isList()) {
        const auto elements = value.toListRef();
        return std::any_of(elements.begin(), elements.end(), holds_tensor);
    }
    if (value.isTuple()) {
        const auto& elements = value.toTupleRef().elements();
        return std::any_of(elements.begin(), elements.end(), holds_tensor);
    }
    return value.isGenericDict() || value.isObject();
}

bool may_hold_tensor(const c10::Type& type) {
    if (type.kind() == c10::TypeKind::TensorType) return true;
    const auto inner = type.containedTypes();
    return std::any_of(inner.begin(), inner.end(), [](const c10::TypePtr& part) { return may_hold_tensor(*part); });
}

/// Operations that tell something about a tensor which follows from its shape and type, not from what it holds.
bool reads_only_shape(const Node& node) {
    static const std::unordered_set<std::string> kNames{
        "aten::size",       "aten::dim",           "aten::len",       "aten::numel",     "aten::is_floating_point",
        "aten::is_complex", "aten::sym_size",      "prim::dtype",     "prim::device",    "prim::layout",
        "prim::is_cuda",    "prim::is_mkldnn",     "prim::is_sparse", "prim::is_meta",   "prim::is_quantized",
        "prim::is_nested",  "prim::requires_grad", "aten::__is__",    "aten::__isnot__", "aten::is_cuda",
        "prim::is_ort",     "prim::is_xla",        "prim::is_vulkan", "prim::is_ipu",    "prim::shape"};
    return kNames.contains(node.kind().toQualString());
}

/// Operations whose result's shape depends on what their input holds.
bool makes_shape_from_content(const Node& node) {
    static const std::unordered_set<std::string> kNames{
        "aten::nonzero",  "aten::nonzero_numpy", "aten::argwhere",          "aten::masked_select",
        "aten::unique",   "aten::_unique",       "aten::_unique2",          "aten::where",
        "aten::bincount", "aten::unique_dim",    "aten::repeat_interleave", "aten::unique_consecutive",
        "aten::index",    "aten::bernoulli",     "torchvision::nms"};
    const std::string name = node.kind().toQualString();
    if (!kNames.contains(name)) return false;
    // where(condition, a, b) and index with whole numbers keep shapes known; only their other forms do not.
    return !(name == "aten::where" && node.inputs().size() >= 3);
}

/// Finds what is decided by shapes alone while the graph runs once.
class StaticFinder : public WalkListener {
public:
    struct Replacement {
        Node* node;
        std::size_t input;
        c10::IValue content;
    };
    struct Branch {
        Node* node;
        std::size_t taken;
    };
    std::vector<Replacement> replacements;
    std::vector<Branch> branches;     ///< outer before inner
    std::vector<Node*> static_nodes;  ///< in order; all they make is known

    void before(Node& node, const std::vector<c10::IValue>& inputs, bool repeated) override {
        current_static_ = !repeated && is_static(node, inputs);
        if (repeated) return;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (static_values_.contains(node.input(i)) && node.input(i)->node()->kind() != prim::Constant)
                replacements.push_back({&node, i, inputs[i].deepcopy()});
    }

    void after(Node& node, const std::vector<c10::IValue>& outputs, bool repeated) override {
        if (node.kind() == prim::If && !repeated && static_values_.contains(node.input(0))) {
            // Its outputs are those of the branch that runs.
            for (std::size_t i = 0; i < outputs.size(); ++i) copy_marks(*node.output(i), *taken_.at(&node), i);
            return;
        }
        // What ran inside has moved the mark.
        if (!node.blocks().empty()) current_static_ = false;
        bool content_shape = makes_shape_from_content(node) && !index_by_numbers(node);
        for (const Value* input : node.inputs()) content_shape = content_shape || content_shaped_.contains(input);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (current_static_ && !holds_tensor(outputs[i])) static_values_.insert(node.output(i));
            if (content_shape) content_shaped_.insert(node.output(i));
        }
        const bool kept = node.kind() == prim::Constant || node.kind() == prim::unchecked_cast;
        if (current_static_ && !kept) static_nodes.push_back(&node);
    }

    void branch(Node& node, std::size_t taken, bool repeated) override {
        if (repeated || !static_values_.contains(node.input(0))) return;
        branches.push_back({&node, taken});
        taken_[&node] = node.blocks()[taken];
    }

private:
    bool is_static(const Node& node, const std::vector<c10::IValue>& inputs) const {
        if (node.kind() == prim::Constant) return true;
        if (node.kind() == prim::If || node.kind() == prim::Loop || node.kind() == prim::RaiseException) return false;
        if (node.isNondeterministic()) return false;
        for (const Value* output : node.outputs())
            if (may_hold_tensor(*output->type()) && output->type()->kind() != c10::TypeKind::OptionalType) return false;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (static_values_.contains(node.input(i))) continue;
            if (!reads_only_shape(node) || content_shaped_.contains(node.input(i)) || !holds_tensor(inputs[i]))
                return false;
        }
        return true;
    }

    /// index.Tensor with whole-number indices has a shape that follows from shapes.
    static bool index_by_numbers(const Node& node) { return node.kind() == aten::index && !index_may_be_mask(node); }
    static bool index_may_be_mask(const Node& node) {
        // A mask is recognised by how it was made: a comparison or a logical operation.
        const Node* indices = node.input(1)->node();
        for (const Value* index : indices->inputs()) {
            const std::string maker = index->node()->kind().toQualString();
            static const std::unordered_set<std::string> kMasks{
                "aten::eq",          "aten::ne",          "aten::gt",          "aten::lt",
                "aten::ge",          "aten::le",          "aten::logical_and", "aten::logical_or",
                "aten::logical_not", "aten::__and__",     "aten::__or__",      "aten::isnan",
                "aten::isfinite",    "aten::bitwise_not", "aten::to",          "prim::Param"};
            if (kMasks.contains(maker)) return true;
        }
        return false;
    }

    void copy_marks(const Value& to, const torch::jit::Block& block, std::size_t index) {
        const Value* from = block.outputs()[index];
        if (static_values_.contains(from)) static_values_.insert(&to);
        if (content_shaped_.contains(from)) content_shaped_.insert(&to);
    }

    bool current_static_ = false;
    std::unordered_set<const Value*> static_values_;
    std::unordered_set<const Value*> content_shaped_;
    std::unordered_map<const Node*, const torch::jit::Block*> taken_;
};

void inline_branch(Node& node, std::size_t taken) {
    torch::jit::Block* block = node.blocks()[taken];
    const std::vector<Node*> inner(block->nodes().begin(), block->nodes().end());
    for (Node* moved : inner) moved->moveBefore(&node);
    for (std::size_t i = 0; i < node.outputs().size(); ++i) node.output(i)->replaceAllUsesWith(block->outputs()[i]);
    node.destroy();
}

void remove_casts(torch::jit::Block& block) {
    for (auto it = block.nodes().begin(); it != block.nodes().end();) {
        Node* node = *it++;
        for (torch::jit::Block* inner : node->blocks()) remove_casts(*inner);
        if (node->kind() != prim::unchecked_cast) continue;
        node->output()->replaceAllUsesWith(node->input());
        node->destroy();
    }
}

/// Writes out lists of tensors that grow (DenseNet's features.append(x)) where they are read.
class ListExpansion {
public:
    explicit ListExpansion(Graph& graph) : graph_(graph) {}

    void run() {
        const std::vector<Node*> nodes(graph_.block()->nodes().begin(), graph_.block()->nodes().end());
        for (Node* node : nodes) {
            if (node->kind() == prim::ListConstruct && followable(*node->output()))
                contents_[node->output()] = std::make_shared<std::vector<Value*>>(node->inputs().vec());
            else
                follow(*node);
        }
        for (auto it = done_.rbegin(); it != done_.rend(); ++it) (*it)->destroy();
    }

private:
    using Elements = std::shared_ptr<std::vector<Value*>>;

    static bool reads_list(const Node& node) {
        static const std::unordered_set<std::string> kNames{"aten::cat",    "aten::stack",  "aten::index",
                                                            "aten::einsum", "aten::hstack", "aten::vstack",
                                                            "aten::dstack", "aten::concat", "aten::block_diag"};
        return kNames.contains(node.kind().toQualString());
    }

    /// Whether every use of the list, through the aliases that append returns, is one that follow() knows.
    bool followable(const Value& list) const {
        if (!may_hold_tensor(*list.type())) return false;
        return std::all_of(list.uses().begin(), list.uses().end(), [&](const torch::jit::Use& use) {
            const Node& user = *use.user;
            if (user.owningBlock() != graph_.block()) return false;
            if (user.kind() == prim::Return || user.kind() == prim::ListUnpack || reads_list(user)) return true;
            if (user.kind() == aten::__getitem__) return user.input(1)->node()->kind() == prim::Constant;
            return user.kind() == aten::append && use.offset == 0 && followable(*user.output());
        });
    }

    void follow(Node& node) {
        if (node.inputs().empty()) return;
        const auto found = contents_.find(node.input(0));
        if (found == contents_.end()) return;
        const Elements elements = found->second;
        if (node.kind() == aten::append) {
            elements->push_back(node.input(1));
            contents_[node.output()] = elements;
            done_.push_back(&node);
        } else if (node.kind() == aten::__getitem__) {
            const std::int64_t at = torch::jit::toIValue(node.input(1))->toInt();
            const auto size = static_cast<std::int64_t>(elements->size());
            node.output()->replaceAllUsesWith((*elements)[static_cast<std::size_t>(at < 0 ? at + size : at)]);
            done_.push_back(&node);
        } else if (node.kind() == prim::ListUnpack) {
            for (std::size_t i = 0; i < node.outputs().size(); ++i) node.output(i)->replaceAllUsesWith((*elements)[i]);
            done_.push_back(&node);
        } else if (reads_list(node)) {
            node.replaceInput(0, own_list(node, *node.input(0), *elements));
        }
    }

    Value* own_list(Node& reader, const Value& list, const std::vector<Value*>& elements) {
        Node* fresh = graph_.createList(list.type()->expectRef<c10::ListType>().getElementType(), elements);
        fresh->insertBefore(&reader);
        fresh->copyMetadata(&reader);
        return fresh->output();
    }

    Graph& graph_;
    std::unordered_map<const Value*, Elements> contents_;
    std::vector<Node*> done_;
};

/// The tensors in what is returned become the graph's outputs.
void flatten_return(Graph& graph, const std::string& path) {
    std::vector<Value*> flat;
    std::vector<Value*> pending(graph.outputs().rbegin(), graph.outputs().rend());
    while (!pending.empty()) {
        Value* value = pending.back();
        pending.pop_back();
        const auto kind = value->node()->kind();
        if (value->type()->kind() == c10::TypeKind::NoneType) continue;
        if (kind == prim::TupleConstruct || kind == prim::ListConstruct || kind == prim::DictConstruct) {
            const auto parts = value->node()->inputs();
            for (std::size_t i = parts.size(); i-- > 0;)
                if (kind != prim::DictConstruct || i % 2 == 1) pending.push_back(parts[i]);
        } else if (kind == prim::Constant && torch::jit::toIValue(value)->isNone()) {
            continue;
        } else if (value->type()->isSubtypeOf(*c10::TensorType::get()) ||
                   value->type()->isSubtypeOf(*c10::OptionalType::ofTensor())) {
            flat.push_back(value);
        } else {
            throw InputError(path, 0,
                             fmt::format("returns a value of type {}, expected tensors", value->type()->str()));
        }
    }
    if (flat.empty()) throw InputError(path, 0, "returns no tensor");
    while (!graph.outputs().empty()) graph.eraseOutput(graph.outputs().size() - 1);
    for (Value* value : flat) graph.registerOutput(value);
}

}  // namespace

void specialise_for_shapes(const std::shared_ptr<Graph>& graph, const std::vector<at::Tensor>& inputs,
                           const std::string& path) {
    torch::jit::LowerSimpleTuples(graph);
    StaticFinder finder;
    walk_graph(*graph, inputs, path, finder);
    for (const StaticFinder::Replacement& replacement : finder.replacements) {
        torch::jit::WithInsertPoint at_start(*graph->nodes().begin());
        const auto constant = torch::jit::tryInsertConstant(*graph, replacement.content);
        if (constant) replacement.node->replaceInput(replacement.input, *constant);
    }
    for (auto it = finder.branches.rbegin(); it != finder.branches.rend(); ++it) inline_branch(*it->node, it->taken);
    remove_casts(*graph->block());
    for (auto it = finder.static_nodes.rbegin(); it != finder.static_nodes.rend(); ++it)
        if (!(*it)->hasUses()) (*it)->destroy();
    torch::jit::LowerSimpleTuples(graph);
    ListExpansion(*graph).run();
    flatten_return(*graph, path);
    std::shared_ptr<Graph> shared = graph;
    torch::jit::ConstantPropagation(shared);
    torch::jit::EliminateDeadCode(graph);
    torch::jit::ConstantPooling(graph);
    graph->lint();
}

}  // namespace carbonedge
