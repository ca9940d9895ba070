#pragma once

#include "lib/units/quantity.h"

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>

struct ucp_worker;

namespace carbonedge {

/// Which of this machine's networks UCX may use, and listen on: it opens ports of its own on each of them.
enum class UcxScope { kLoopback, kAnywhere };

/// "Destination is unreachable", as UCX says it.
std::string ucx_problem(int status);

/// One UCX worker: the sockets, memory and queues behind a stream or a listener. UCX moves nothing by itself; whoever
/// waits makes it move, looks again and again where that has paid lately, then sleeps.
class UcxWorker {
public:
    /// Throws EnvironmentError.
    explicit UcxWorker(UcxScope scope);
    ~UcxWorker();
    UcxWorker(const UcxWorker&) = delete;
    UcxWorker& operator=(const UcxWorker&) = delete;

    [[nodiscard]] ucp_worker* handle() const { return worker_; }
    /// Held while anything of this worker is called.
    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    using Done = std::function<bool()>;
    /// Makes progress until `done()`, which is called under the mutex; false at `deadline` (CLOCK_MONOTONIC, 0: none)
    /// and where another has called end() before it was done.
    bool wait_until(const Done& done, Nanoseconds deadline);

    /// For who waits for several workers at a time. Makes progress; false where there is more to do, true where it may
    /// sleep until event() or ended_event() is readable.
    bool progress();
    [[nodiscard]] int event() const { return event_; }
    [[nodiscard]] int ended_event() const { return waking_; }

    /// A socket whose end tells of the peer's; whoever waits hears of it, and of what comes there while `reads`.
    void watch(int socket, bool reads);
    /// The peer has closed the socket, as far as anybody has looked.
    [[nodiscard]] bool hung_up() const { return hung_up_.load(); }
    /// Looks now.
    bool look_for_end();

    /// Makes every wait_until() return, now and later. What is under way stays so.
    void end();
    [[nodiscard]] bool ended() const { return ended_.load(); }
    /// For taking leave after end().
    void resume();

    /// Something of it could not be ended in time, so that UCX must not be told to free it.
    void abandon() { worker_ = nullptr; }

private:
    void move();

    ucp_worker* worker_ = nullptr;
    int event_ = -1;
    int waking_ = -1;  ///< an eventfd, readable where somebody who sleeps should look
    std::atomic<bool> ended_{false};
    std::atomic<int> socket_{-1};
    std::atomic<bool> reads_{false};
    std::atomic<bool> hung_up_{false};
    std::mutex mutex_;
    std::list<const Done*> asleep_;
    Nanoseconds spin_;
    int sleeps_ = 0;  ///< since spinning was last tried
};

}  // namespace carbonedge
