#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace carbonedge {

/// Threads for work that waits. One is started where none is idle, up to `most`; more work than that queues.
class WorkerPool {
public:
    explicit WorkerPool(std::size_t most) : most_(most) {}
    /// Does what is queued, then ends.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// `work` must not throw.
    void post(std::function<void()> work);

private:
    void run();

    std::size_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace carbonedge
