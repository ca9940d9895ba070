#pragma once

#include "lib/runtime/time_to_answer.h"
#include "lib/transport/frame_stream.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace carbonedge {

/// How a link of the cluster is imitated on one machine: the sender holds a frame back until a link of this latency and
/// bandwidth would have delivered it. Frames queue behind each other for the bandwidth and overlap in the latency.
struct LinkEmulation {
    bool active = false;
    Nanoseconds latency{0};
    BytesPerSecond bandwidth{0.0};  ///< 0: not limited
};

/// Where a node sends what it made of a pipeline's requests.
struct NextHop {
    std::string name;     ///< a node's, or "gateway"
    std::string address;  ///< of its tensors, as connect_frames() takes it
    LinkEmulation link;
    bool fresh = false;  ///< over a connection of its own, although there is one
    TimeToAnswer to_answer{};
};

/// Sends frames over one link, in order. Without emulation the calling thread writes to the socket straight from the
/// tensors; with it the tensors are copied (or kept through `owner`) and a thread of its own waits for their time. What
/// waits is bounded as by a socket's buffer and what a real link has on its way; then the calling thread waits too.
class LinkSender {
public:
    using OnFailure = std::function<void(const FrameHead&, const std::string& problem)>;

    LinkSender(std::unique_ptr<FrameStream> stream, const LinkEmulation& link, std::shared_ptr<BufferPool> pool,
               OnFailure on_failure);
    /// Drops what still waits.
    ~LinkSender();
    LinkSender(const LinkSender&) = delete;
    LinkSender& operator=(const LinkSender&) = delete;

    /// Thread-safe. `owner` keeps the tensors alive; without it they are valid during the call only. Problems go to
    /// `on_failure`, never to the caller.
    /// `head.handed_over` is by a clock that ours is `clock_ahead` of.
    void send(FrameHead head, const std::vector<TensorView>& tensors, std::shared_ptr<const void> owner = nullptr,
              Nanoseconds clock_ahead = Nanoseconds(0));
    /// Breaks the connection: a send that is stuck in another thread fails, and so does every later one.
    void shut_down();

    /// What a link holds before whoever sends has to wait: a socket's buffer, and what is on the way.
    static std::int64_t most_waiting_bytes(const LinkEmulation& link);

private:
    struct Waiting {
        FrameHead head;
        std::vector<TensorView> tensors;
        std::shared_ptr<const void> owner;
        Nanoseconds deliver{0};
    };
    bool wait_for_room(std::unique_lock<std::mutex>& lock, std::int64_t bytes);
    void deliver_in_time(const std::stop_token& stop);
    void write(const FrameHead& head, const std::vector<TensorView>& tensors);

    std::unique_ptr<FrameStream> stream_;
    LinkEmulation link_;
    std::shared_ptr<BufferPool> pool_;
    OnFailure on_failure_;
    std::mutex writing_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::condition_variable room_;
    std::deque<Waiting> waiting_;
    std::int64_t waiting_bytes_ = 0;
    bool ended_ = false;
    Nanoseconds link_free_{0};
    std::jthread thread_;
};

}  // namespace carbonedge
