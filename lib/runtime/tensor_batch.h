#pragma once

#include "lib/transport/tensor_buffer.h"
#include "lib/transport/tensor_view.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace carbonedge {

/// The tensors of several requests one after the other along their first dimension. `owner` keeps the result alive.
std::vector<TensorView> joined_tensors(const std::vector<const std::vector<TensorView>*>& requests, BufferPool& pool,
                                       std::shared_ptr<TensorBuffer>& owner);
/// Request `index` of `count` out of such tensors.
std::vector<TensorView> part_of(const std::vector<TensorView>& joined, std::size_t index, std::size_t count);

}  // namespace carbonedge
