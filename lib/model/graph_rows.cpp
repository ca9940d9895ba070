#include "lib/model/cut_graph.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/ir/scope.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace carbonedge {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

constexpr std::string_view kNumberScope = "carbonedge_node_";

std::optional<std::size_t> number_of(const Node& node) {
    const std::string scope = node.scopeName();
    const std::size_t start = scope.rfind(kNumberScope);
    if (start == std::string::npos) return std::nullopt;
    std::size_t number = 0;
    const char* const first = scope.data() + start + kNumberScope.size();
    const auto [rest, error] = std::from_chars(first, scope.data() + scope.size(), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

bool executes(const Node& node) {
    return !is_rebuilt(node) && !node.kind().is_attr() &&
           std::string_view(node.kind().toQualString()) != "prim::ConstantMKLDNNTensor";
}

/// "conv2d" of aten::conv2d and aten::conv2d_.
std::string operation_name(const Node& node) {
    std::string name = node.kind().toUnqualString();
    while (name.ends_with('_')) name.pop_back();
    return name;
}

/// Rows as ranges of positions in the executing graph, with the frozen nodes of each.
class RowBuilder {
public:
    RowBuilder(Graph& frozen, const Graph& executing, int depth) : depth_(depth) {
        for (Node* node : frozen.nodes()) {
            if (!executes(*node)) continue;
            if (const auto number = number_of(*node)) {
                if (by_number_.size() <= *number) by_number_.resize(*number + 1);
                by_number_[*number] = node;
            }
            order_[node] = order_.size();
        }
        name_layers(frozen);
        split(executing);
        place_vanished(frozen);
        merge_backward_needs();
    }

    std::vector<GraphRow> rows() {
        std::vector<GraphRow> rows(firsts_.size());
        for (std::size_t i = 0; i < firsts_.size(); ++i) rows[i].first = firsts_[i];
        for (const auto& [node, row] : row_of_) rows[row].nodes.push_back(const_cast<Node*>(node));
        for (GraphRow& row : rows)
            std::sort(row.nodes.begin(), row.nodes.end(),
                      [&](const Node* left, const Node* right) { return order_.at(left) < order_.at(right); });
        name(rows);
        return rows;
    }

private:
    /// Layers of the frozen nodes. Freezing drops the callstack of some nodes; between two of one call they are its.
    void name_layers(const Graph& frozen) {
        const LayerKey* previous = nullptr;
        std::vector<const Node*> nameless;
        for (const Node* node : frozen.nodes()) {
            if (!executes(*node)) continue;
            LayerKey& key = layers_[node] = layer_of(*node, depth_);
            if (key.path.empty()) {
                nameless.push_back(node);
                continue;
            }
            if (previous != nullptr && *previous == key)
                for (const Node* inside : nameless) layers_[inside] = key;
            nameless.clear();
            previous = &key;
        }
    }

    void split(const Graph& executing) {
        std::optional<LayerKey> current;
        const Node* waiting = nullptr;  // a node of a pass that goes with the next row
        for (const Node* node : executing.nodes()) {
            if (!executes(*node)) continue;
            const auto number = number_of(*node);
            if (!number || by_number_.size() <= *number || by_number_[*number] == nullptr) {
                if (!made_by_current(*node) && waiting == nullptr) waiting = node;
                continue;
            }
            const LayerKey& key = layers_.at(by_number_[*number]);
            if (!current || !(key == *current)) {
                firsts_.push_back(waiting != nullptr ? waiting : node);
                keys_.push_back(key);
                current = key;
            }
            waiting = nullptr;
            const std::size_t row = firsts_.size() - 1;
            // A pass may copy a node; the first copy is where its result is made.
            row_of_.emplace(by_number_[*number], row);
            for (const Value* output : node->outputs()) executing_row_[output] = row;
        }
    }

    /// A conversion of what the current row made is its last work.
    bool made_by_current(const Node& node) {
        if (firsts_.empty()) return false;
        for (const Value* input : node.inputs()) {
            const auto found = executing_row_.find(input);
            if (found == executing_row_.end() || found->second != firsts_.size() - 1) continue;
            for (const Value* output : node.outputs()) executing_row_[output] = found->second;
            return true;
        }
        return false;
    }

    /// Nodes that a pass removed go to the row that makes what they read, or the first that reads what they made.
    void place_vanished(Graph& frozen) {
        std::vector<Node*> rootless;
        for (Node* node : frozen.nodes()) {
            if (!executes(*node) || row_of_.contains(node)) continue;
            std::optional<std::size_t> row;
            for (const Value* input : needed_values(*node)) {
                const auto producer = row_of_.find(input->node());
                if (producer != row_of_.end()) row = std::max(row.value_or(0), producer->second);
            }
            if (row)
                row_of_[node] = *row;
            else
                rootless.push_back(node);
        }
        for (auto it = rootless.rbegin(); it != rootless.rend(); ++it) row_of_[*it] = first_reader(**it);
    }

    std::size_t first_reader(const Node& node) const {
        std::size_t row = firsts_.size() - 1;
        for (const Value* output : node.outputs())
            for (const torch::jit::Use& use : output->uses()) {
                const auto found = row_of_.find(use.user);
                if (found != row_of_.end())
                    row = std::min(row, found->second);
                else if (is_rebuilt(*use.user))
                    row = std::min(row, first_reader(*use.user));
            }
        return row;
    }

    /// Where a row needs what a later one makes, the two and all between become one.
    void merge_backward_needs() {
        std::vector<std::size_t> merged(firsts_.size());
        for (std::size_t i = 0; i < merged.size(); ++i) merged[i] = i;
        for (const auto& [node, row] : row_of_)
            for (const Value* input : needed_values(*const_cast<Node*>(node))) {
                const auto producer = row_of_.find(input->node());
                if (producer == row_of_.end() || producer->second <= row) continue;
                for (std::size_t i = row + 1; i <= producer->second; ++i) merged[i] = std::min(merged[i], row);
            }
        std::vector<std::size_t> target(merged.size());
        std::vector<const Node*> firsts;
        std::vector<LayerKey> keys;
        for (std::size_t i = 0; i < merged.size(); ++i) {
            if (merged[i] == i) {
                firsts.push_back(firsts_[i]);
                keys.push_back(keys_[i]);
            }
            target[i] = firsts.size() - 1;
        }
        for (auto& [node, row] : row_of_) row = target[row];
        firsts_ = std::move(firsts);
        keys_ = std::move(keys);
    }

    void name(std::vector<GraphRow>& rows) {
        std::map<std::string, int> uses;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            GraphRow& row = rows[i];
            const LayerKey& key = keys_[i];
            row.path = key.path;
            row.name = key.path;
            row.type = key.type;
            if (!key.leaf && row.nodes.size() == 1) {
                // A function called in a block's own forward, such as the addition of a residual block.
                row.type = operation_name(*row.nodes.front());
                row.name = key.path.empty() ? row.type : fmt::format("{}.{}", key.path, row.type);
            } else if (key.path.empty()) {
                row.name = "forward";
            }
            if (row.type.empty()) row.type = "forward";
            const int use = ++uses[row.name];
            row.first_call = use == 1;
            if (use > 1) row.name += fmt::format("#{}", use);
        }
    }

    int depth_;
    std::vector<Node*> by_number_;
    std::map<const Node*, std::size_t> order_;
    std::map<const Node*, LayerKey> layers_;
    std::map<const Node*, std::size_t> row_of_;
    std::map<const Value*, std::size_t> executing_row_;
    std::vector<const Node*> firsts_;
    std::vector<LayerKey> keys_;
};

}  // namespace

void number_nodes(Graph& frozen) {
    std::size_t number = 0;
    for (Node* node : frozen.nodes()) {
        const auto root = c10::make_intrusive<torch::jit::Scope>();
        node->setScope(root->push(c10::Symbol::scope(fmt::format("{}{}", kNumberScope, number++))));
    }
}

bool is_rebuilt(const Node& node) {
    return node.kind() == c10::prim::Constant || node.kind() == c10::prim::ListConstruct ||
           node.kind() == c10::prim::TupleConstruct;
}

std::vector<GraphRow> make_rows(Graph& frozen, const Graph& executing, int depth) {
    return RowBuilder(frozen, executing, depth).rows();
}

}  // namespace carbonedge
