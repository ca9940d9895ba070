#include "lib/runtime/link_sender.h"

#include "lib/transport/clocks.h"

#include <sys/prctl.h>
#include <algorithm>
#include <cstring>

namespace carbonedge {
namespace {

std::size_t size_of(const std::vector<TensorView>& tensors) {
    std::size_t size = 0;
    for (const TensorView& tensor : tensors) size += tensor.size;
    return size;
}

std::shared_ptr<const void> keep_copy(BufferPool& pool, std::vector<TensorView>& tensors) {
    std::shared_ptr<TensorBuffer> buffer = pool.take(size_of(tensors));
    std::size_t used = 0;
    for (TensorView& tensor : tensors) {
        if (tensor.size > 0) std::memcpy(buffer->bytes() + used, tensor.content, tensor.size);
        tensor.content = buffer->bytes() + used;
        used += tensor.size;
    }
    return buffer;
}

/// As much as a TCP socket of ours takes, see lib/transport/tcp_socket.cpp.
constexpr std::int64_t kSocketBuffer = std::int64_t{4} * 1024 * 1024;
/// A head in the queue: small frames without end are no less memory.
constexpr std::int64_t kHeadBytes = 512;

std::int64_t kept_bytes(const std::vector<TensorView>& tensors) {
    return static_cast<std::int64_t>(size_of(tensors)) + kHeadBytes;
}

}  // namespace

std::int64_t LinkSender::most_waiting_bytes(const LinkEmulation& link) {
    // A link without a limit of its own still is one; 10 Gbit/s are more than this machine passes on.
    constexpr double kUnlimited = 1.25e9;
    const double rate = link.bandwidth.value() > 0 ? link.bandwidth.value() : kUnlimited;
    const double seconds = static_cast<double>(link.latency.count()) / 1e9;
    return kSocketBuffer + static_cast<std::int64_t>(rate * seconds);
}

LinkSender::LinkSender(std::unique_ptr<FrameStream> stream, const LinkEmulation& link, std::shared_ptr<BufferPool> pool,
                       OnFailure on_failure)
    : stream_(std::move(stream)), link_(link), pool_(std::move(pool)), on_failure_(std::move(on_failure)) {
    if (link_.active) thread_ = std::jthread([this](const std::stop_token& stop) { deliver_in_time(stop); });
}

LinkSender::~LinkSender() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    shut_down();  // a write that is stuck returns
    thread_.join();
}

void LinkSender::send(FrameHead head, const std::vector<TensorView>& tensors, std::shared_ptr<const void> owner,
                      Nanoseconds clock_ahead) {
    if (!link_.active) {
        write(head, tensors);
        return;
    }
    Waiting frame{std::move(head), tensors, std::move(owner), Nanoseconds(0)};
    if (!frame.owner) {
        const Nanoseconds begun = now_monotonic();
        frame.owner = keep_copy(*pool_, frame.tensors);
        frame.head.serialise += now_monotonic() - begun;
    }
    std::unique_lock lock(mutex_);
    if (!wait_for_room(lock, kept_bytes(frame.tensors))) {
        lock.unlock();
        on_failure_(frame.head, "cannot send to " + stream_->peer() + ": its link was shut down");
        return;
    }
    // The link was handed the frame when its sender says so, not after the copy.
    const Nanoseconds start = std::max(frame.head.handed_over + clock_ahead, link_free_);
    link_free_ = start;
    if (link_.bandwidth.value() > 0) {
        link_free_ += to_nanoseconds(Bytes(static_cast<std::int64_t>(size_of(frame.tensors))) / link_.bandwidth);
    }
    frame.deliver = link_free_ + link_.latency;
    waiting_bytes_ += kept_bytes(frame.tensors);
    waiting_.push_back(std::move(frame));
    changed_.notify_one();
}

bool LinkSender::wait_for_room(std::unique_lock<std::mutex>& lock, std::int64_t bytes) {
    // One that is larger than the whole bound goes alone.
    const std::int64_t most = std::max(most_waiting_bytes(link_), bytes);
    room_.wait(lock, [&] { return ended_ || waiting_bytes_ + bytes <= most; });
    return !ended_;
}

void LinkSender::shut_down() {
    stream_->shut_down();
    const std::lock_guard lock(mutex_);
    ended_ = true;
    room_.notify_all();
}

void LinkSender::deliver_in_time(const std::stop_token& stop) {
    prctl(PR_SET_TIMERSLACK, 1UL);  // the default of 50 us would be added to every link
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
        const std::chrono::steady_clock::time_point due(waiting_.front().deliver);
        changed_.wait_until(lock, stop, due, [] { return false; });
        if (stop.stop_requested()) return;
        const Waiting frame = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        write(frame.head, frame.tensors);
        lock.lock();
        waiting_bytes_ -= kept_bytes(frame.tensors);
        room_.notify_all();
    }
}

void LinkSender::write(const FrameHead& head, const std::vector<TensorView>& tensors) {
    std::string problem;
    try {
        const std::lock_guard lock(writing_);
        stream_->send(head, tensors);
    } catch (const std::exception& error) {
        problem = error.what();
    }
    // Outside the lock: whoever hears of it may want to send something else.
    if (!problem.empty()) on_failure_(head, problem);
}

}  // namespace carbonedge
