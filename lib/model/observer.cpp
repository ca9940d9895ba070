#include "lib/model/observer.h"

#include "lib/model/graph_walk.h"
#include "lib/model/tensor_bridge.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/ir.h>

namespace carbonedge {
namespace {

TensorFacts facts_of(const at::Tensor& tensor) {
    TensorFacts facts;
    if (!tensor.defined()) return facts;
    facts.dtype = dtype_of(tensor);
    facts.shape = tensor.sizes().vec();
    if (tensor.has_storage()) {
        facts.storage = tensor.storage().data();
        facts.storage_bytes = static_cast<std::int64_t>(tensor.storage().nbytes());
    }
    if (facts.dtype && tensor.numel() > 0) {
        const auto [low, high] = at::aminmax(tensor.scalar_type() == at::kBool ? tensor.to(at::kByte) : tensor);
        facts.low = low.to(at::kDouble).item<double>();
        facts.high = high.to(at::kDouble).item<double>();
    }
    return facts;
}

class TensorNotes : public WalkListener {
public:
    explicit TensorNotes(GraphFacts& facts) : facts_(facts) {}

    void after(torch::jit::Node& node, const std::vector<c10::IValue>& outputs, bool /*repeated*/) override {
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (outputs[i].isTensor()) facts_.tensors[node.output(i)] = facts_of(outputs[i].toTensor());
    }

private:
    GraphFacts& facts_;
};

}  // namespace

GraphFacts observe(torch::jit::Graph& graph, const std::vector<at::Tensor>& inputs, const std::string& path) {
    GraphFacts facts;
    for (std::size_t i = 0; i < inputs.size(); ++i) facts.tensors[graph.inputs()[i]] = facts_of(inputs[i]);
    TensorNotes notes(facts);
    walk_graph(graph, inputs, path, notes);
    return facts;
}

}  // namespace carbonedge
