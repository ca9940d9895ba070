#include "lib/model/stage_extraction.h"

#include "lib/base/errors.h"
#include "lib/model/graph_walk.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <unordered_map>

namespace carbonedge {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

/// Copies rows into a graph of their own.
class StageBuilder {
public:
    StageBuilder(const CutGraph& cut, const LayerRange& range, const c10::TypePtr& self_type)
        : cut_(cut), graph_(std::make_shared<Graph>()) {
        graph_->addInput("self")->setType(self_type);
        for (const Value* value : cut.cuts[range.first].values) {
            Value* input = graph_->addInput(fmt::format("v{}", cut.ids.at(value)));
            input->setType(c10::TensorType::get());
            map_[value] = input;
            if (const TensorFacts* facts = cut.facts.find(value)) foreign_.insert(facts->storage);
        }
        for (std::size_t row = range.first; row < range.end; ++row)
            for (Node* node : cut.rows[row].nodes) copy(*node);
        std::vector<Value*> outputs;
        for (const Value* value : outputs_of(range)) outputs.push_back(contiguous(mapped(const_cast<Value*>(value))));
        finish(outputs);
    }

    [[nodiscard]] const std::shared_ptr<Graph>& graph() const { return graph_; }

private:
    std::vector<const Value*> outputs_of(const LayerRange& range) const {
        std::vector<const Value*> values;
        if (range.end == cut_.rows.size())
            values.assign(cut_.graph->outputs().begin(), cut_.graph->outputs().end());
        else
            values.assign(cut_.cuts[range.end].values.begin(), cut_.cuts[range.end].values.end());
        return values;
    }

    /// The copy of a value; constants and lists are rebuilt here on first use.
    Value* mapped(Value* value) {
        const auto found = map_.find(value);
        if (found != map_.end()) return found->second;
        Node* maker = value->node();
        if (!is_rebuilt(*maker))
            throw EnvironmentError(fmt::format("internal error: value '{}' is missing in a stage", value->debugName()),
                                   "");
        for (Value* part : maker->inputs()) mapped(part);
        Node* fresh = graph_->createClone(maker, [&](Value* part) { return mapped(part); });
        graph_->insertNode(fresh);
        map_[value] = fresh->output();
        return fresh->output();
    }

    void copy(Node& node) {
        for (Value* value : values_read(node)) mapped(value);
        Node* fresh = graph_->createClone(&node, [&](Value* value) { return mapped(value); });
        graph_->insertNode(fresh);
        for (std::size_t i = 0; i < node.outputs().size(); ++i) {
            fresh->output(i)->setDebugName(fmt::format("t{}", next_name_++));
            map_[node.output(i)] = fresh->output(i);
        }
        // A stage must not write into the message it was sent.
        const int target = overwritten_input(node);
        if (target < 0) return;
        const TensorFacts* facts = cut_.facts.find(node.input(static_cast<std::size_t>(target)));
        if (facts == nullptr || facts->storage == nullptr || !foreign_.contains(facts->storage)) return;
        Node* previous = fresh->prev();
        make_out_of_place(*fresh);
        Node* safe = previous->next();
        for (std::size_t i = 0; i < node.outputs().size(); ++i) map_[node.output(i)] = safe->output(i);
        foreign_.erase(facts->storage);
    }

    Value* contiguous(Value* value) { return graph_->insert(c10::aten::contiguous, {value}); }

    void finish(const std::vector<Value*>& outputs) {
        if (outputs.size() == 1) {
            graph_->registerOutput(outputs.front());
        } else {
            Node* tuple = graph_->createTuple(outputs);
            graph_->insertNode(tuple);
            graph_->registerOutput(tuple->output());
        }
        graph_->lint();
    }

    const CutGraph& cut_;
    std::shared_ptr<Graph> graph_;
    std::unordered_map<const Value*, Value*> map_;
    std::set<const void*> foreign_;  // memory of the stage's inputs
    int next_name_ = 0;
};

bool is_floating(DType dtype) {
    return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kFloat16 ||
           dtype == DType::kBFloat16;
}

}  // namespace

InputSpec value_spec(const CutGraph& cut, const Value& value) {
    InputSpec spec;
    const auto id = cut.ids.find(&value);
    if (id != cut.ids.end()) spec.name = fmt::format("v{}", id->second);
    const TensorFacts& facts = *cut.facts.find(&value);
    spec.dtype = *facts.dtype;
    spec.shape = facts.shape;
    if (is_floating(spec.dtype)) {
        const bool usable = std::isfinite(facts.low) && std::isfinite(facts.high) && facts.low < facts.high;
        spec.low = usable ? facts.low : 0.0;
        spec.high = usable ? facts.high : 1.0;
    } else {
        spec.low = facts.low;
        spec.high = facts.high + 1;
    }
    return spec;
}

void write_stage(const CutGraph& cut, const LayerRange& range, const std::string& model_sha256,
                 const std::string& path) {
    StageFacts facts{model_sha256, range, {}, {}};
    for (const Value* value : cut.cuts[range.first].values) facts.inputs.push_back(value_spec(cut, *value));
    if (range.end == cut.rows.size()) {
        for (const Value* value : cut.graph->outputs()) facts.outputs.push_back(value_spec(cut, *value));
    } else {
        for (const Value* value : cut.cuts[range.end].values) facts.outputs.push_back(value_spec(cut, *value));
    }
    torch::jit::Module module("__torch__.carbonedge.Stage");
    const StageBuilder builder(cut, range, module.type());
    torch::jit::Function* forward = module._ivalue()->compilation_unit()->create_function(
        c10::QualifiedName(*module.type()->name(), "forward"), builder.graph());
    module.type()->addMethod(forward);
    // Beside and renamed, so that no reader ever sees half a stage.
    const std::string beside = path + ".partial";
    module.save(beside, {{kStageFactsEntry, stage_facts_text(facts)}});
    std::error_code failure;
    std::filesystem::rename(beside, path, failure);
    if (failure)
        throw EnvironmentError(fmt::format("cannot write {}: {}", path, failure.message()),
                               "choose a folder that you may write to");
}

}  // namespace carbonedge
