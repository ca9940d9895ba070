#include "lib/runtime/gateway.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fmt/format.h>

namespace carbonedge {

Gateway::Gateway(const std::string& address, Bytes longest_message, Nanoseconds timeout)
    : listener_(listen_for_frames(address, {timeout})), longest_message_(longest_message), timeout_(timeout) {
    acceptor_ = std::jthread([this] { accept_answers(); });
    expirer_ = std::jthread([this](const std::stop_token& stop) { expire_overdue(stop); });
}

Gateway::~Gateway() {
    fail_all("the gateway closes");
    senders_.clear();
    listener_->shut_down();
    acceptor_.join();
    for (const auto& connection : connections_) connection->shut_down();
    for (std::jthread& reader : readers_) reader.join();
}

void Gateway::connect(std::size_t pipeline, const NextHop& first) {
    std::unique_ptr<LinkSender>& sender = senders_[first.name];
    if (!sender) {
        sender = std::make_unique<LinkSender>(
            connect_frames(first.address, "node '" + first.name + "'", {timeout_}), first.link, pool_,
            [this](const FrameHead& head, const std::string& problem) { fail(head.request, problem); });
    }
    first_[pipeline] = sender.get();
}

std::int64_t Gateway::submit(std::size_t pipeline, const std::vector<TensorView>& inputs,
                             std::shared_ptr<const void> owner, Nanoseconds arrival, Done done) {
    FrameHead head;
    {
        const std::lock_guard lock(mutex_);
        head.request = next_request_++;
        pending_[head.request] = {pipeline, arrival, std::move(done)};
        deadlines_.emplace_back(now_monotonic() + timeout_, head.request);
        if (deadlines_.size() == 1) deadline_added_.notify_one();
    }
    const std::int64_t request = head.request;
    std::string broken;
    {
        const std::lock_guard lock(mutex_);
        broken = broken_;
    }
    if (!broken.empty()) {
        fail(request, broken);
        return request;
    }
    head.pipeline = static_cast<std::int32_t>(pipeline);
    head.handed_over = arrival;
    for (const TensorView& input : inputs) {
        head.tensors.push_back({input.dtype, input.shape, static_cast<std::int64_t>(input.size)});
    }
    first_.at(pipeline)->send(std::move(head), inputs, std::move(owner));
    return request;
}

void Gateway::fail_all(const std::string& problem) {
    std::vector<std::int64_t> failing;
    {
        const std::lock_guard lock(mutex_);
        broken_ = problem;
        for (const auto& [request, pending] : pending_) failing.push_back(request);
    }
    for (const std::int64_t request : failing) fail(request, problem);
}

void Gateway::accept_answers() {
    while (std::shared_ptr<FrameStream> connection = listener_->accept()) {
        const std::lock_guard lock(connections_mutex_);
        connections_.push_back(connection);
        readers_.emplace_back([this, connection] { read_answers(*connection); });
    }
}

void Gateway::read_answers(FrameStream& stream) {
    try {
        const auto longest = static_cast<std::uint64_t>(longest_message_.value());
        while (const auto frame = stream.receive(*pool_, longest, [](const FrameHead&) { return ""; })) finish(*frame);
    } catch (const std::exception& error) {
        fail_all(error.what());
    }
}

void Gateway::finish(const ReceivedFrame& frame) {
    if (!frame.head.error.empty()) {
        fail(frame.head.request, frame.head.error);
        return;
    }
    Pending pending;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pending_.find(frame.head.request);
        if (found == pending_.end()) return;  // it has timed out meanwhile
        pending = std::move(found->second);
        pending_.erase(found);
    }
    Answer answer;
    answer.record.id = frame.head.request;
    answer.record.pipeline = static_cast<std::int64_t>(pending.pipeline);
    answer.record.arrival = pending.arrival;
    answer.record.latency = frame.received - pending.arrival;
    answer.record.return_transfer = frame.received - frame.head.handed_over;
    answer.record.stages = frame.head.stages;
    for (const TensorView& view : frame.tensors) answer.outputs.push_back(copy_of(view));
    pending.done(std::move(answer));
}

void Gateway::fail(std::int64_t request, const std::string& problem) {
    Pending pending;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pending_.find(request);
        if (found == pending_.end()) return;
        pending = std::move(found->second);
        pending_.erase(found);
    }
    Answer answer;
    answer.record.id = request;
    answer.record.pipeline = static_cast<std::int64_t>(pending.pipeline);
    answer.record.arrival = pending.arrival;
    answer.record.latency = now_monotonic() - pending.arrival;
    answer.record.ok = false;
    answer.record.error = problem;
    pending.done(std::move(answer));
}

void Gateway::expire_overdue(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (deadline_added_.wait(lock, stop, [this] { return !deadlines_.empty(); })) {
        const auto [deadline, request] = deadlines_.front();
        // Nobody is woken for an answered request; its deadline passes by unnoticed.
        deadline_added_.wait_until(lock, stop, std::chrono::steady_clock::time_point(deadline), [] { return false; });
        if (stop.stop_requested()) return;
        deadlines_.pop_front();
        lock.unlock();
        fail(request, fmt::format("no answer within {}", duration_text(to_seconds(timeout_))));
        lock.lock();
    }
}

}  // namespace carbonedge
