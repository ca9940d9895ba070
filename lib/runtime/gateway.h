#pragma once

#include "lib/runlog/run_log.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/link_sender.h"
#include "lib/transport/frame_stream.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// A request's end. `record.arrival` is CLOCK_MONOTONIC; whoever keeps the log makes it relative.
struct Answer {
    RequestRecord record;
    std::vector<HostTensor> outputs;  ///< empty where it failed
};

/// Where requests enter and leave the pipelines. Thread-safe.
class Gateway {
public:
    /// Takes answers at `address` (as listen_for_frames() takes it). A request without an answer after `timeout` fails.
    Gateway(const std::string& address, Bytes longest_message, Nanoseconds timeout);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    [[nodiscard]] const std::string& address() const { return listener_->address(); }

    /// Requests of `pipeline` go to `first`. Before any submit().
    void connect(std::size_t pipeline, const NextHop& first);

    using Done = std::function<void(Answer)>;
    /// Sends a request and calls `done` once, in some thread of the gateway or of the caller: with the answer, or with
    /// why there is none. `owner` keeps `inputs` alive. `arrival` is when the request came, at the latest now; the time
    /// that it has waited since then counts as its first transfer.
    std::int64_t submit(std::size_t pipeline, const std::vector<TensorView>& inputs, std::shared_ptr<const void> owner,
                        Nanoseconds arrival, Done done);

    /// Every request without an answer fails with `problem`, and so does every later one.
    void fail_all(const std::string& problem);

private:
    struct Pending {
        std::size_t pipeline = 0;
        Nanoseconds arrival{0};
        Done done;
    };
    void accept_answers();
    void read_answers(FrameStream& stream);
    void finish(const ReceivedFrame& frame);
    void fail(std::int64_t request, const std::string& problem);
    void expire_overdue(const std::stop_token& stop);

    std::unique_ptr<FrameListener> listener_;
    Bytes longest_message_;
    Nanoseconds timeout_;
    std::shared_ptr<BufferPool> pool_ = BufferPool::create();
    std::map<std::string, std::unique_ptr<LinkSender>> senders_;
    std::map<std::size_t, LinkSender*> first_;

    std::mutex mutex_;
    std::map<std::int64_t, Pending> pending_;
    std::deque<std::pair<Nanoseconds, std::int64_t>> deadlines_;
    std::condition_variable_any deadline_added_;
    std::string broken_;  ///< why nothing more is taken
    std::int64_t next_request_ = 0;

    std::mutex connections_mutex_;
    std::list<std::shared_ptr<FrameStream>> connections_;
    std::list<std::jthread> readers_;
    std::jthread acceptor_;
    std::jthread expirer_;
};

}  // namespace carbonedge
