#include "lib/transport/tensor_view.h"

namespace carbonedge {

TensorView view_of(const HostTensor& tensor) {
    return {tensor.dtype, tensor.shape, tensor.content.data(), tensor.content.size()};
}

std::vector<TensorView> views_of(const std::vector<HostTensor>& tensors) {
    std::vector<TensorView> views;
    views.reserve(tensors.size());
    for (const HostTensor& tensor : tensors) views.push_back(view_of(tensor));
    return views;
}

HostTensor copy_of(const TensorView& view) {
    HostTensor tensor;
    tensor.dtype = view.dtype;
    tensor.shape = view.shape;
    tensor.content.assign(view.content, view.content + view.size);
    return tensor;
}

}  // namespace carbonedge
