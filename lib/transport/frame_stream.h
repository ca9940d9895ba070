#pragma once

#include "lib/transport/frame.h"
#include "lib/transport/tensor_buffer.h"
#include "lib/transport/tensor_view.h"
#include "lib/transport/tls_files.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// A request's tensors as they came.
struct ReceivedFrame {
    FrameHead head;
    std::vector<TensorView> tensors;  ///< kept by `owner`; none where `refusal` says why
    std::shared_ptr<const void> owner;
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
    /// A send, or the rest of a frame that has begun to come, without any progress for so long fails.
    Nanoseconds send_timeout{std::chrono::seconds(30)};
    Nanoseconds connect_timeout{std::chrono::seconds(5)};  ///< until the peer is reached and both ends know each other
    std::optional<TlsFiles> tls{};                         ///< what tls: needs
    /// Connecting: the name that the peer's certificate must carry; "" is the host of the address.
    std::string expected_name{};
    /// Listening: names of which a peer's certificate must carry one; none: whoever the authority has signed.
    std::vector<std::string> accepted_names{};
    /// tcp: and ucx: beyond loopback, where everybody on the way can read and write.
    bool plain_text_across_hosts = false;
    std::size_t most_connections = 256;  ///< of a listener at a time
    /// Listening: one line about a peer that was refused, each different one once; may be called from any thread.
    std::function<void(const std::string&)> warn{};
};

/// `address` is "unix:/path", "shm:/path" (shared memory, met at a unix socket), "tcp:host:port" (in the clear),
/// "tls:host:port" (mutual TLS 1.3) or "ucx:host:port" (whatever UCX finds, in the clear); an IPv6 host stands in
/// brackets. `peer` names the other end in messages. Throws EnvironmentError, InputError (certificates that cannot be
/// used), UsageError (no such kind of address; plain text beyond loopback that is not allowed).
std::unique_ptr<FrameStream> connect_frames(const std::string& address, const std::string& peer,
                                            const StreamOptions& options);
/// As connect_frames(); port 0 takes a free one. Peers that are not wanted are refused and named to `options.warn`;
/// nothing that they do ends the listener.
std::unique_ptr<FrameListener> listen_for_frames(const std::string& address, const StreamOptions& options);

}  // namespace carbonedge
