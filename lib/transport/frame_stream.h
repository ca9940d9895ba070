#pragma once

#include "lib/transport/frame.h"
#include "lib/transport/tensor_buffer.h"
#include "lib/transport/tensor_view.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// A request's tensors as they came.
struct ReceivedFrame {
    FrameHead head;
    std::vector<TensorView> tensors;  ///< in `buffer`; none where `refusal` says why
    std::shared_ptr<TensorBuffer> buffer;
    Nanoseconds received{0};  ///< CLOCK_MONOTONIC when the last byte was here
    std::string refusal;
};

/// One end of a stream of frames, whatever carries it. One thread may send while another receives.
class FrameStream {
public:
    virtual ~FrameStream() = default;

    /// Sends prefix, head and tensors without copying them where the carrier allows it. The tensors are free again when
    /// it returns. Throws EnvironmentError where the peer is gone or stuck.
    virtual void send(const FrameHead& head, const std::vector<TensorView>& tensors) = 0;

    /// Looks at a head before any tensor is read and returns why it cannot be taken, or "".
    using Refuse = std::function<std::string(const FrameHead&)>;
    /// Waits for a frame; nothing where the peer closed the stream. Throws InputError where the stream is malformed (it
    /// is then unusable) and EnvironmentError where it broke off.
    virtual std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                                 const Refuse& refuse) = 0;

    /// Makes a receive() or a send() that is stuck in another thread return.
    virtual void shut_down() const = 0;
    [[nodiscard]] virtual const std::string& peer() const = 0;
};

/// Where peers connect to.
class FrameListener {
public:
    virtual ~FrameListener() = default;
    /// The next connection; nothing after shut_down().
    virtual std::unique_ptr<FrameStream> accept() = 0;
    virtual void shut_down() const = 0;
    /// As connect_frames() takes it, with the port that was really taken.
    [[nodiscard]] virtual const std::string& address() const = 0;
};

struct StreamOptions {
    Nanoseconds send_timeout{std::chrono::seconds(30)};  ///< a send without any progress for so long fails
};

/// `address` is "unix:/path". `peer` names the other end in messages. Throws EnvironmentError, UsageError (no such kind
/// of address).
std::unique_ptr<FrameStream> connect_frames(const std::string& address, const std::string& peer,
                                            const StreamOptions& options);
std::unique_ptr<FrameListener> listen_for_frames(const std::string& address, const StreamOptions& options);

}  // namespace carbonedge
