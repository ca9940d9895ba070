#pragma once

// The few LibTorch names that headers of this layer mention. LibTorch's own headers stay in the .cpp files.
namespace at {
class Tensor;
}
namespace c10 {
struct IValue;
}
namespace torch::jit {
struct Block;
struct Graph;
struct Module;
struct Node;
struct Value;
}  // namespace torch::jit
