#include "lib/transport/tensor_buffer.h"

#include <algorithm>
#include <new>

namespace carbonedge {

void TensorBuffer::Free::operator()(std::byte* bytes) const {
    ::operator delete[](bytes, std::align_val_t(kAlignment));
}

TensorBuffer::TensorBuffer(std::size_t capacity)
    : bytes_(
          static_cast<std::byte*>(::operator new[](std::max<std::size_t>(capacity, 1), std::align_val_t(kAlignment)))),
      capacity_(capacity) {}

std::shared_ptr<TensorBuffer> BufferPool::take(std::size_t size) {
    std::unique_ptr<TensorBuffer> buffer;
    {
        const std::lock_guard lock(mutex_);
        // The last given back is the likeliest to be in a cache.
        for (auto candidate = free_.rbegin(); candidate != free_.rend(); ++candidate) {
            if ((*candidate)->capacity() < size || (*candidate)->capacity() > 2 * size + 4096) continue;
            buffer = std::move(*candidate);
            free_.erase(std::next(candidate).base());
            break;
        }
    }
    if (!buffer) buffer.reset(new TensorBuffer(size));
    return {buffer.release(), [pool = shared_from_this()](TensorBuffer* given) {
                pool->give_back(std::unique_ptr<TensorBuffer>(given));
            }};
}

void BufferPool::give_back(std::unique_ptr<TensorBuffer> buffer) {
    const std::lock_guard lock(mutex_);
    if (free_.size() == kKept) free_.erase(free_.begin());
    free_.push_back(std::move(buffer));
}

}  // namespace carbonedge
