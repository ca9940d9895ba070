#include "lib/model/cut_graph.h"

#include "lib/model/graph_walk.h"

#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <limits>

namespace carbonedge {
namespace {

using torch::jit::Node;
using torch::jit::Value;

bool is_tensor(const Value& value) { return value.type()->kind() == c10::TypeKind::TensorType; }

/// For every value of the frozen graph the row that makes it and the last row that reads it.
class Lifetimes {
public:
    explicit Lifetimes(CutGraph& cut) : cut_(cut) {
        for (Value* input : cut.graph->inputs()) add(input, -1);
        for (std::size_t row = 0; row < cut.rows.size(); ++row)
            for (Node* node : cut.rows[row].nodes) {
                for (Value* output : node->outputs()) add(output, static_cast<std::int64_t>(row));
                for (const Value* needed : needed_values(*node)) read(needed, static_cast<std::int64_t>(row));
                position_[node] = position_.size();
            }
        for (const Value* output : cut.graph->outputs()) read(output, static_cast<std::int64_t>(cut.rows.size()));
    }

    void fill_cuts() {
        cut_.cuts.resize(cut_.rows.size() + 1);
        for (Value* value : values_) {
            const auto [made, last] = spans_.at(value);
            for (std::int64_t p = made + 1; p <= last; ++p) cross(cut_.cuts[static_cast<std::size_t>(p)], value);
        }
        refuse_shared_overwriting();
    }

    void number_values() {
        std::int64_t next = 0;
        for (const Value* value : values_) {
            const auto [made, last] = spans_.at(value);
            const bool given = made < 0;
            if (given || (last > made && is_tensor(*value) && shippable(value))) cut_.ids[value] = next++;
        }
    }

private:
    struct Span {
        std::int64_t made;
        std::int64_t last;
    };

    void add(Value* value, std::int64_t row) {
        if (spans_.emplace(value, Span{row, row}).second) values_.push_back(value);
    }
    void read(const Value* value, std::int64_t row) {
        const auto found = spans_.find(value);
        if (found != spans_.end()) found->second.last = std::max(found->second.last, row);
    }

    bool shippable(const Value* value) const {
        const TensorFacts* facts = cut_.facts.find(value);
        return facts != nullptr && facts->dtype.has_value();
    }

    void cross(GraphCut& cut, Value* value) {
        cut.values.push_back(value);
        if (!cut.refusal.empty()) return;
        if (!is_tensor(*value))
            cut.refusal =
                fmt::format("'{}' of type {} would cross, only tensors can", value->debugName(), value->type()->str());
        else if (!shippable(value))
            cut.refusal = fmt::format("tensor '{}' would cross, whose element type cannot be sent", value->debugName());
    }

    /// A stage gets copies: where a later operation overwrites memory that other values of this border, or later
    /// readers, share, cutting between its making and the operation would part them.
    void refuse_shared_overwriting() {
        for (std::size_t row = 0; row < cut_.rows.size(); ++row)
            for (Node* node : cut_.rows[row].nodes) {
                const int target = overwritten_input(*node);
                if (target < 0) continue;
                const Value* written = node->input(static_cast<std::size_t>(target));
                const TensorFacts* facts = cut_.facts.find(written);
                if (facts == nullptr || facts->storage == nullptr) continue;
                const std::int64_t born = birth(facts->storage);
                if (!shared_later(*node, facts->storage) && !out_of_place_name(*node).empty()) continue;
                for (std::int64_t p = born + 1; p <= static_cast<std::int64_t>(row); ++p) {
                    GraphCut& cut = cut_.cuts[static_cast<std::size_t>(p)];
                    if (cut.refusal.empty())
                        cut.refusal = fmt::format("'{}' overwrites memory that crosses and is read again",
                                                  node->kind().toQualString());
                }
            }
    }

    std::int64_t birth(const void* storage) const {
        std::int64_t born = std::numeric_limits<std::int64_t>::max();
        for (const auto& [value, span] : spans_) {
            const TensorFacts* facts = cut_.facts.find(value);
            if (facts != nullptr && facts->storage == storage) born = std::min(born, span.made);
        }
        return born;
    }

    bool shared_later(const Node& node, const void* storage) const {
        for (const auto& [value, span] : spans_) {
            const TensorFacts* facts = cut_.facts.find(value);
            if (facts == nullptr || facts->storage != storage || span.made < 0) continue;
            if (position_.at(value->node()) >= position_.at(&node)) continue;
            for (const torch::jit::Use& use : value->uses()) {
                const auto user = position_.find(use.user);
                if (use.user->kind() == c10::prim::Return) return true;
                // A list that is built for a reader stands where the reader is.
                if (user == position_.end() ? use.user != &node && reads_after(*use.user, node)
                                            : user->second > position_.at(&node))
                    return true;
            }
        }
        return false;
    }

    bool reads_after(const Node& builder, const Node& node) const {
        for (const Value* output : builder.outputs())
            for (const torch::jit::Use& use : output->uses()) {
                const auto user = position_.find(use.user);
                if (user == position_.end() || user->second > position_.at(&node)) return true;
            }
        return false;
    }

    CutGraph& cut_;
    std::vector<Value*> values_;  // in the order in which they are made
    std::unordered_map<const Value*, Span> spans_;
    std::unordered_map<const Node*, std::size_t> position_;
};

void collect_needed(Value* value, std::vector<Value*>& needed) {
    Node* maker = value->node();
    if (maker->kind() == c10::prim::Constant) return;
    if (is_rebuilt(*maker)) {
        for (Value* part : maker->inputs()) collect_needed(part, needed);
        return;
    }
    if (std::find(needed.begin(), needed.end(), value) == needed.end()) needed.push_back(value);
}

}  // namespace

std::vector<Value*> needed_values(Node& node) {
    std::vector<Value*> needed;
    for (Value* value : values_read(node)) collect_needed(value, needed);
    return needed;
}

CutGraph make_cut_graph(std::shared_ptr<torch::jit::Graph> frozen, const torch::jit::Graph& executing, GraphFacts facts,
                        int depth) {
    CutGraph cut;
    cut.graph = std::move(frozen);
    cut.facts = std::move(facts);
    cut.rows = make_rows(*cut.graph, executing, depth);
    Lifetimes lifetimes(cut);
    lifetimes.fill_cuts();
    lifetimes.number_values();
    return cut;
}

}  // namespace carbonedge
