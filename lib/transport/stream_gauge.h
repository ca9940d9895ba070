#pragma once

#include "lib/transport/frame_stream.h"

#include <sys/types.h>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace carbonedge {

/// Answers a StreamGauge at the other end until that closes the stream.
void answer_gauge(FrameStream& stream);

/// Answers one gauge after the other, until the listener is shut down. A peer that is none is told to `warn`.
void answer_gauges(FrameListener& listener, const std::function<void(const std::string&)>& warn);

/// Measures what a stream costs from one end of it. Messages follow each other at once, from memory that stays in the
/// caches: what the carrier can do, not what a network between messages makes of it.
class StreamGauge {
public:
    explicit StreamGauge(FrameStream& stream) : stream_(stream), pool_(BufferPool::create()) {}

    /// Half of each of `count` round trips of a message, in nanoseconds.
    std::vector<double> one_way_ns(std::size_t bytes, std::size_t count);

    /// CPU time of both processes for a message and an answer of 0 bytes, in nanoseconds a message. Each takes one and
    /// sends one, so what does not grow with the message is twice what one costs.
    struct Cpu {
        double sender_ns = 0;
        double receiver_ns = 0;
    };
    Cpu cpu(std::size_t bytes, std::size_t count);

private:
    ReceivedFrame exchange(const FrameHead& head, const std::vector<TensorView>& tensors);

    FrameStream& stream_;
    std::shared_ptr<BufferPool> pool_;
};

/// A child of this process that listens at an address and answers one gauge. Ends with this object, or with the
/// process.
class GaugePeer {
public:
    /// Throws what listen_for_frames() throws, from the child as EnvironmentError. This process must have one thread.
    GaugePeer(const std::string& address, const StreamOptions& options);
    ~GaugePeer();
    GaugePeer(const GaugePeer&) = delete;
    GaugePeer& operator=(const GaugePeer&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }

private:
    pid_t child_ = -1;
    std::string address_;
};

}  // namespace carbonedge
