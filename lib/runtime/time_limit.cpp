#include "lib/runtime/time_limit.h"

#include "lib/transport/clocks.h"

#include <utility>
#include <vector>

namespace carbonedge {

TimeLimit::TimeLimit(Nanoseconds limit) : limit_(limit) {
    watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

TimeLimit::~TimeLimit() {
    watcher_.request_stop();
    watcher_.join();
}

std::uint64_t TimeLimit::begin(Late late) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t call = next_++;
    open_.emplace(call, Open{now_monotonic() + limit_, std::move(late)});
    if (std::exchange(idle_, false)) begun_.notify_one();
    return call;
}

bool TimeLimit::end(std::uint64_t call) {
    const std::lock_guard lock(mutex_);
    return open_.erase(call) == 1;
}

void TimeLimit::watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        idle_ = open_.empty();
        if (!begun_.wait(lock, stop, [this] { return !open_.empty(); })) return;
        idle_ = false;
        // Nobody is woken for a call that has ended; its time passes by unnoticed.
        const std::chrono::steady_clock::time_point until(open_.begin()->second.until);
        begun_.wait_until(lock, stop, until, [] { return false; });
        if (stop.stop_requested()) return;
        std::vector<Late> late;
        while (!open_.empty() && open_.begin()->second.until <= now_monotonic()) {
            late.push_back(std::move(open_.begin()->second.late));
            open_.erase(open_.begin());
        }
        lock.unlock();
        for (const Late& tell : late) tell();
        lock.lock();
    }
}

}  // namespace carbonedge
