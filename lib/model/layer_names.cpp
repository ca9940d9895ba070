#include "lib/model/layer_names.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/ir/scope.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace carbonedge {
namespace {

using torch::jit::Node;

constexpr const char* kSelf = "SELF";

bool has_children(const c10::ClassType& type) {
    for (std::size_t i = 0; i < type.numAttributes(); ++i)
        if (type.getAttribute(i)->is_module()) return true;
    return false;
}

/// "layers.0" for the call of self.layers.0: inlining keeps only "0", so the call is looked up in the caller's code.
std::optional<std::string> attribute_chain(const Node& call) {
    std::string chain;
    const torch::jit::Value* object = call.input(0);
    while (object->node()->kind() == c10::prim::GetAttr) {
        const std::string name = object->node()->s(c10::attr::name);
        chain = chain.empty() ? name : fmt::format("{}.{}", name, chain);
        object = object->node()->input(0);
    }
    if (chain.empty()) return std::nullopt;
    return chain;
}

std::optional<std::string> find_call(torch::jit::Block& block, std::size_t position, const std::string& last) {
    for (const Node* node : block.nodes()) {
        if (node->kind() == c10::prim::CallMethod && node->sourceRange().start() == position) {
            const auto chain = attribute_chain(*node);
            if (chain && (*chain == last || chain->ends_with("." + last))) return chain;
        }
        for (torch::jit::Block* inner : const_cast<Node*>(node)->blocks())
            if (auto chain = find_call(*inner, position, last)) return chain;
    }
    return std::nullopt;
}

std::string full_instance_name(const c10::ClassType* caller, const std::string& name, std::size_t position) {
    if (caller == nullptr || caller->hasAttribute(name)) return name;
    for (torch::jit::Function* method : caller->methods()) {
        auto* function = torch::jit::tryToGraphFunction(*method);
        if (function == nullptr) continue;
        if (const auto chain = find_call(*function->graph()->block(), position, name)) return *chain;
    }
    return name;
}

std::string first_parts(const std::string& path, int parts) {
    std::size_t end = 0;
    for (int i = 0; i < parts; ++i) {
        end = path.find('.', end);
        if (end == std::string::npos) return path;
        ++end;
    }
    return path.substr(0, end - 1);
}

int part_count(const std::string& path) {
    return path.empty() ? 0 : 1 + static_cast<int>(std::count(path.begin(), path.end(), '.'));
}

}  // namespace

LayerKey layer_of(const Node& node, int depth) {
    LayerKey key;
    const auto stack = node.callstack();
    if (!stack) return key;
    const c10::ClassType* caller = nullptr;
    std::string sites;
    c10::ClassTypePtr kept;
    for (const auto& [function, range, instance] : (*stack)->vec()) {
        sites += fmt::format("/{}", range.start());
        if (!instance || !instance->class_type()) continue;
        if (instance->instance_name() != kSelf) {
            const std::string name = full_instance_name(caller, instance->instance_name(), range.start());
            std::string path = key.path.empty() ? name : fmt::format("{}.{}", key.path, name);
            const bool whole = depth == 0 || part_count(path) <= depth;
            if (!whole) {
                path = first_parts(path, depth);
                if (path == key.path) break;
            }
            key.path = path;
            key.call_site = sites;
            key.type = instance->class_type()->name() ? instance->class_type()->name()->name() : "Module";
            key.leaf = !has_children(*instance->class_type());
            if (!whole) break;
        } else if (key.path.empty()) {
            key.type = instance->class_type()->name() ? instance->class_type()->name()->name() : "Module";
        }
        kept = instance->class_type();
        caller = kept.get();
    }
    if (depth > 0 && part_count(key.path) >= depth) key.leaf = true;
    return key;
}

std::vector<CalledModule> called_leaf_modules(const torch::jit::Graph& graph) {
    std::vector<CalledModule> modules;
    std::unordered_set<std::string> seen;
    const auto visit = [&](const auto& self, const torch::jit::Block& block) -> void {
        for (const Node* node : block.nodes()) {
            if (node->kind() != c10::prim::Constant && node->kind() != c10::prim::GetAttr) {
                const LayerKey key = layer_of(*node, 0);
                if (key.leaf && seen.insert(key.path).second) modules.push_back({key.path, key.type});
            }
            for (const torch::jit::Block* inner : const_cast<Node*>(node)->blocks()) self(self, *inner);
        }
    };
    visit(visit, *graph.block());
    return modules;
}

}  // namespace carbonedge
