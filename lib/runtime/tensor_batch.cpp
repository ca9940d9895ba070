#include "lib/runtime/tensor_batch.h"

#include <cstring>

namespace carbonedge {

std::vector<TensorView> joined_tensors(const std::vector<const std::vector<TensorView>*>& requests, BufferPool& pool,
                                       std::shared_ptr<TensorBuffer>& owner) {
    std::vector<TensorView> joined = *requests.front();
    std::size_t size = 0;
    for (TensorView& tensor : joined) {
        tensor.shape.front() *= static_cast<std::int64_t>(requests.size());
        size = TensorBuffer::aligned(size) + tensor.size * requests.size();
    }
    owner = pool.take(size);
    std::size_t used = 0;
    for (std::size_t i = 0; i < joined.size(); ++i) {
        used = TensorBuffer::aligned(used);
        const std::size_t each = joined[i].size;
        joined[i].content = owner->bytes() + used;
        joined[i].size = each * requests.size();
        for (const std::vector<TensorView>* request : requests) {
            if (each > 0) std::memcpy(owner->bytes() + used, (*request)[i].content, each);
            used += each;
        }
    }
    return joined;
}

std::vector<TensorView> part_of(const std::vector<TensorView>& joined, std::size_t index, std::size_t count) {
    if (count == 1) return joined;
    std::vector<TensorView> part = joined;
    for (TensorView& tensor : part) {
        tensor.shape.front() /= static_cast<std::int64_t>(count);
        tensor.size /= count;
        tensor.content += index * tensor.size;
    }
    return part;
}

}  // namespace carbonedge
