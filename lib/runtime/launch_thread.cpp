#include "lib/runtime/launch_thread.h"

#include <utility>

namespace carbonedge {

LaunchThread::LaunchThread() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (added_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
            std::packaged_task<void()> launch = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            launch();
            lock.lock();
        }
    });
}

LaunchThread::~LaunchThread() = default;

void LaunchThread::run(std::function<void()> launch) {
    std::packaged_task<void()> task(std::move(launch));
    std::future<void> done = task.get_future();
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(task));
        added_.notify_one();
    }
    done.get();
}

}  // namespace carbonedge
