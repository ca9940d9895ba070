#pragma once

#include "lib/model/torch_fwd.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Sees every node of a graph as it runs. `repeated` says that it lies in a loop's body.
class WalkListener {
public:
    virtual ~WalkListener() = default;
    /// Inputs as they are when the node starts: a list may grow later.
    virtual void before(torch::jit::Node& /*node*/, const std::vector<c10::IValue>& /*inputs*/, bool /*repeated*/) {}
    virtual void after(torch::jit::Node& /*node*/, const std::vector<c10::IValue>& /*outputs*/, bool /*repeated*/) {}
    /// A prim::If is about to run its block `taken` (0: true, 1: false).
    virtual void branch(torch::jit::Node& /*node*/, std::size_t /*taken*/, bool /*repeated*/) {}
};

/// Runs an inlined graph without `self` on tensors, one node after the other, keeping every value until the end.
/// Throws InputError naming an operation that cannot be run this way (a call, a fork, an attribute that stayed
/// mutable).
void walk_graph(torch::jit::Graph& graph, const std::vector<at::Tensor>& inputs, const std::string& path,
                WalkListener& listener);

/// Values a node reads: its inputs and what its inner blocks read from outside, each once.
std::vector<torch::jit::Value*> values_read(torch::jit::Node& node);

}  // namespace carbonedge
