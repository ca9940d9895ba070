#pragma once

#include "lib/model/torch_fwd.h"
#include "lib/tensor/tensor.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace carbonedge {

/// What one pass showed about a tensor value of a graph.
struct TensorFacts {
    std::optional<DType> dtype;  ///< absent: a type that no stage border carries
    std::vector<std::int64_t> shape;
    const void* storage = nullptr;  ///< equal for values that share memory; all stay allocated during the pass
    std::int64_t storage_bytes = 0;
    double low = 0;   ///< smallest element seen
    double high = 0;  ///< largest element seen
};

/// What one pass showed about all of a graph. Nodes inside a loop that runs several times show their last round.
struct GraphFacts {
    std::unordered_map<const torch::jit::Value*, TensorFacts> tensors;

    [[nodiscard]] const TensorFacts* find(const torch::jit::Value* value) const {
        const auto found = tensors.find(value);
        return found == tensors.end() ? nullptr : &found->second;
    }
};

/// Runs an inlined graph without `self` node by node and notes every tensor.
GraphFacts observe(torch::jit::Graph& graph, const std::vector<at::Tensor>& inputs, const std::string& path);

/// Rewrites the graph for inputs of exactly these shapes: every number, list and decision that follows from shapes and
/// constants alone becomes a constant, decided branches are inlined, and lists of tensors that grow are written out
/// where they are read. Decisions and numbers that depend on what tensors hold stay as they are. This is what makes
/// nearly every position of a real network a legal cut: only tensors are left to cross.
void specialise_for_shapes(const std::shared_ptr<torch::jit::Graph>& graph, const std::vector<at::Tensor>& inputs,
                           const std::string& path);

}  // namespace carbonedge
