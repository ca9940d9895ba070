#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace carbonedge {

/// A thread to start children from: the kernel kills a NodeChild when the thread that started it goes, and whoever
/// wants one may come from a thread that goes earlier.
class LaunchThread {
public:
    LaunchThread();
    ~LaunchThread();
    LaunchThread(const LaunchThread&) = delete;
    LaunchThread& operator=(const LaunchThread&) = delete;

    /// Runs `launch` there and waits; throws what it throws.
    void run(std::function<void()> launch);

private:
    std::mutex mutex_;
    std::condition_variable_any added_;
    std::deque<std::packaged_task<void()>> waiting_;
    std::jthread thread_;
};

}  // namespace carbonedge
