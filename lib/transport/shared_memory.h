#pragma once

#include "lib/transport/descriptor.h"

#include <cstddef>
#include <memory>
#include <string>

namespace carbonedge {

/// Memory that two processes see, without a name in any file system: gone with the last of them, however they end. Its
/// size is sealed, so that no peer can take away what this process reads.
class SharedMemory {
public:
    /// Zeroed. Throws EnvironmentError.
    static std::shared_ptr<SharedMemory> create(std::size_t size);
    /// What a peer has created. Throws InputError (`peer` in front) where it is not of `size`, or not sealed.
    static std::shared_ptr<SharedMemory> adopt(Descriptor descriptor, std::size_t size, const std::string& peer);

    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    [[nodiscard]] std::byte* bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const Descriptor& descriptor() const { return descriptor_; }
    /// A mapping needs no descriptor.
    void close_descriptor() { descriptor_.close(); }

private:
    SharedMemory(Descriptor descriptor, std::size_t size, std::byte* bytes)
        : descriptor_(std::move(descriptor)), size_(size), bytes_(bytes) {}

    Descriptor descriptor_;
    std::size_t size_;
    std::byte* bytes_;
};

}  // namespace carbonedge
