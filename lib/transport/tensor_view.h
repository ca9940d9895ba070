#pragma once

#include "lib/tensor/tensor.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace carbonedge {

/// A tensor whose memory somebody else keeps alive.
struct TensorView {
    DType dtype = DType::kFloat32;
    std::vector<std::int64_t> shape;
    const std::byte* content = nullptr;
    std::size_t size = 0;
};

TensorView view_of(const HostTensor& tensor);
std::vector<TensorView> views_of(const std::vector<HostTensor>& tensors);
HostTensor copy_of(const TensorView& view);

}  // namespace carbonedge
