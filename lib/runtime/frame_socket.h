#pragma once

#include "lib/runtime/frame.h"
#include "lib/runtime/stage_runner.h"
#include "lib/runtime/tensor_buffer.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool open() const { return number_ >= 0; }
    void close();
    int release();

private:
    int number_ = -1;
};

/// A request's tensors as they came.
struct ReceivedFrame {
    FrameHead head;
    std::vector<TensorView> tensors;  ///< in `buffer`; none where `refusal` says why
    std::shared_ptr<TensorBuffer> buffer;
    Nanoseconds received{0};  ///< CLOCK_MONOTONIC when the last byte was here
    std::string refusal;
};

/// One end of a stream of frames over a unix socket. One thread may send while another receives.
class FrameSocket {
public:
    FrameSocket(Descriptor descriptor, std::string peer) : descriptor_(std::move(descriptor)), peer_(std::move(peer)) {}

    /// Throws EnvironmentError. A send that makes no progress for `send_timeout` fails.
    static FrameSocket connect(const std::string& path, const std::string& peer, Nanoseconds send_timeout);

    /// Sends prefix, head and tensors without copying them. Throws EnvironmentError where the peer is gone or stuck.
    void send(const FrameHead& head, const std::vector<TensorView>& tensors);

    /// Waits for a frame; nothing where the peer closed the stream. `refuse` looks at the head before any tensor is
    /// read and returns why it cannot be taken, or "". Throws InputError where the stream is malformed (it is then
    /// unusable) and EnvironmentError where it broke off.
    std::optional<ReceivedFrame> receive(BufferPool& pool, std::uint64_t longest_payload,
                                         const std::function<std::string(const FrameHead&)>& refuse);

    /// Makes a receive() in another thread return.
    void shut_down() const;
    [[nodiscard]] const std::string& peer() const { return peer_; }

private:
    bool read_exactly(void* bytes, std::size_t size, bool may_end);

    Descriptor descriptor_;
    std::string peer_;
};

/// Where peers connect to.
class FrameListener {
public:
    /// Creates the socket file. Throws EnvironmentError.
    explicit FrameListener(std::string path);
    ~FrameListener();
    FrameListener(const FrameListener&) = delete;
    FrameListener& operator=(const FrameListener&) = delete;

    /// The next connection; nothing after shut_down().
    std::optional<FrameSocket> accept();
    void shut_down() const;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    Descriptor descriptor_;
};

}  // namespace carbonedge
