#pragma once

#include "lib/transport/connection_guard.h"
#include "lib/transport/frame_reader.h"

#include <array>

struct iovec;

namespace carbonedge {

/// Why a send failed, by errno: "it is gone".
const char* send_problem(int error);

/// Sends all of the parts, gathered, however often the kernel takes only some. `parts` is used up. Throws
/// EnvironmentError where the peer is gone or has taken nothing for the socket's time-out.
void send_all(const Descriptor& socket, std::vector<iovec>& parts, const std::string& peer);

/// Makes sends, and reads in the middle of a frame, fail after so long without progress.
void set_socket_timeouts(const Descriptor& socket, Nanoseconds timeout);

/// Frames in the clear over a connected stream socket.
class SocketStream final : public FrameStream, ByteSource {
public:
    SocketStream(Descriptor socket, std::string peer, ConnectionGuard::Place place = nullptr);

    void send(const FrameHead& head, const std::vector<TensorView>& tensors) override;
    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const Refuse& refuse) override;
    void shut_down() const override;
    [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
    bool read_exactly(void* bytes, std::size_t size, bool may_end) override;
    std::size_t read_some(void* bytes, std::size_t size, int flags, bool may_wait);

    Descriptor socket_;
    std::string peer_;
    ConnectionGuard::Place place_;
    /// A frame's prefix, its head and a small tensor come in one read.
    std::array<char, 8192> ahead_{};
    std::size_t ahead_first_ = 0;
    std::size_t ahead_end_ = 0;
};

}  // namespace carbonedge
