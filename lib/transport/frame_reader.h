#pragma once

#include "lib/transport/frame_stream.h"

#include <cstddef>

namespace carbonedge {

/// Bytes in the order in which the peer sent them.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// Fills `size` bytes; false where the stream has ended before the first of them and `may_end`. Throws
    /// EnvironmentError where it broke off.
    virtual bool read_exactly(void* bytes, std::size_t size, bool may_end) = 0;
};

/// FrameStream::receive() of any stream of bytes.
std::optional<ReceivedFrame> read_frame(ByteSource& source, const std::string& peer, BufferPool& pool,
                                        std::uint64_t longest_payload, const FrameStream::Refuse& refuse);

}  // namespace carbonedge
