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

}  // namespace

LinkSender::LinkSender(std::unique_ptr<FrameStream> stream, const LinkEmulation& link, std::shared_ptr<BufferPool> pool,
                       OnFailure on_failure)
    : stream_(std::move(stream)), link_(link), pool_(std::move(pool)), on_failure_(std::move(on_failure)) {
    if (link_.active) thread_ = std::jthread([this](const std::stop_token& stop) { deliver_in_time(stop); });
}

LinkSender::~LinkSender() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    stream_->shut_down();  // a write that is stuck returns
    thread_.join();
}

void LinkSender::send(FrameHead head, const std::vector<TensorView>& tensors, std::shared_ptr<const void> owner,
                      Nanoseconds clock_ahead) {
    if (!link_.active) {
        write(head, tensors);
        return;
    }
    Waiting frame{std::move(head), tensors, std::move(owner), Nanoseconds(0)};
    if (!frame.owner) frame.owner = keep_copy(*pool_, frame.tensors);
    const std::lock_guard lock(mutex_);
    // The link was handed the frame when its sender says so, not after the copy.
    const Nanoseconds start = std::max(frame.head.handed_over + clock_ahead, link_free_);
    link_free_ = start;
    if (link_.bandwidth.value() > 0) {
        link_free_ += to_nanoseconds(Bytes(static_cast<std::int64_t>(size_of(frame.tensors))) / link_.bandwidth);
    }
    frame.deliver = link_free_ + link_.latency;
    waiting_.push_back(std::move(frame));
    changed_.notify_one();
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
