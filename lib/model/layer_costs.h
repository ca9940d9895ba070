#pragma once

#include "lib/model/cut_graph.h"
#include "lib/profile/profile.h"

#include <unordered_map>

namespace carbonedge {

/// Multiply-accumulates of one pass of a node: convolutions, linear layers, matrix products and LibTorch's fused
/// attention; 0 for everything else, as usual when networks are compared. Formulas: one per output element times the
/// length of the sum behind it (He and Sun, CVPR 2015, count likewise).
std::int64_t multiply_accumulates(const torch::jit::Node& node, const GraphFacts& facts);

/// Bytes of constant tensors that the node reads and no earlier call with the same `counted` has met.
std::int64_t weight_bytes(torch::jit::Node& node, std::unordered_map<const void*, bool>& counted);

/// Largest sum of live activation memory while each row runs, inputs of the network included, weights not.
std::vector<std::int64_t> peak_bytes(const CutGraph& cut);

}  // namespace carbonedge
