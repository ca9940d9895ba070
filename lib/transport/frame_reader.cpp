#include "lib/transport/frame_reader.h"

#include "lib/transport/clocks.h"

#include <algorithm>
#include <array>

namespace carbonedge {

std::optional<ReceivedFrame> read_frame(ByteSource& source, const std::string& peer, BufferPool& pool,
                                        std::uint64_t longest_payload, const FrameStream::Refuse& refuse) {
    std::array<unsigned char, FramePrefix::kBytes> raw_prefix{};
    if (!source.read_exactly(raw_prefix.data(), raw_prefix.size(), true)) return std::nullopt;
    const FramePrefix prefix = decode_frame_prefix(raw_prefix, longest_payload, peer);
    std::string raw_head(prefix.head_bytes, '\0');
    source.read_exactly(raw_head.data(), raw_head.size(), false);

    ReceivedFrame frame;
    frame.head = decode_frame_head(raw_head, prefix, peer);
    frame.refusal = refuse(frame.head);
    if (!frame.refusal.empty()) {
        std::array<char, 65536> discarded{};
        for (std::uint64_t left = prefix.tensor_bytes; left > 0;) {
            const std::size_t part = std::min<std::uint64_t>(left, discarded.size());
            source.read_exactly(discarded.data(), part, false);
            left -= part;
        }
        frame.received = now_monotonic();
        return frame;
    }
    std::size_t needed = 0;
    for (const FrameHead::Tensor& tensor : frame.head.tensors) {
        needed = TensorBuffer::aligned(needed) + static_cast<std::size_t>(tensor.bytes);
    }
    const std::shared_ptr<TensorBuffer> buffer = pool.take(needed);
    frame.owner = buffer;
    std::size_t used = 0;
    for (const FrameHead::Tensor& tensor : frame.head.tensors) {
        used = TensorBuffer::aligned(used);
        const auto size = static_cast<std::size_t>(tensor.bytes);
        std::byte* content = buffer->bytes() + used;
        source.read_exactly(content, size, false);
        frame.tensors.push_back({tensor.dtype, tensor.shape, content, size});
        used += size;
    }
    frame.received = now_monotonic();
    return frame;
}

}  // namespace carbonedge
