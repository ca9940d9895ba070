#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace carbonedge {

/// Memory for the tensors of one message, aligned for vector instructions. Goes back to its pool when destroyed, so
/// that a steady stream of requests touches no fresh pages.
class TensorBuffer {
public:
    [[nodiscard]] std::byte* bytes() const { return bytes_.get(); }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

    static constexpr std::size_t kAlignment = 64;

    /// Where a tensor after `used` bytes starts.
    static constexpr std::size_t aligned(std::size_t used) { return (used + kAlignment - 1) / kAlignment * kAlignment; }

private:
    friend class BufferPool;
    struct Free {
        void operator()(std::byte* bytes) const;
    };
    explicit TensorBuffer(std::size_t capacity);

    std::unique_ptr<std::byte[], Free> bytes_;
    std::size_t capacity_;
};

/// Thread-safe. Keeps at most `kKept` free buffers.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
public:
    static std::shared_ptr<BufferPool> create() { return std::shared_ptr<BufferPool>(new BufferPool); }
    /// A buffer of at least `size` bytes, content undefined.
    std::shared_ptr<TensorBuffer> take(std::size_t size);

private:
    static constexpr std::size_t kKept = 16;
    BufferPool() = default;
    void give_back(std::unique_ptr<TensorBuffer> buffer);

    std::mutex mutex_;
    std::vector<std::unique_ptr<TensorBuffer>> free_;
};

}  // namespace carbonedge
