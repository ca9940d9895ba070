#pragma once

#include "lib/runtime/stage_pass.h"
#include "lib/runtime/stage_runner.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace carbonedge {

/// The one thread of a node that touches models; everything for them is queued here.
class ModelThread {
public:
    /// At most `longest_queue` requests and pieces of work wait; post() then blocks, which makes senders wait in turn.
    /// `pass` runs requests, in the thread; it must not throw.
    ModelThread(StageLoader& loader, std::size_t longest_queue, std::function<void(std::vector<StageRequest>)> pass);
    /// Ends; drops what still waits.
    ~ModelThread();
    ModelThread(const ModelThread&) = delete;
    ModelThread& operator=(const ModelThread&) = delete;

    /// `work` must not throw. False where the thread is ending and the work will not be done.
    bool post(std::function<void()> work);
    /// Requests of one stage are gathered into batches as its limits say (lib/runtime/batch_former.h); others, and
    /// work, wait for them in the order in which they came.
    bool post(StageRequest request);
    /// Makes post() return false from now on and the thread end after what it does now.
    void end();

private:
    /// Work, or where that is empty a request.
    struct Waiting {
        std::function<void()> work;
        StageRequest request;
    };
    bool post(Waiting waiting);
    void run(StageLoader& loader);
    std::vector<StageRequest> gather(std::unique_lock<std::mutex>& lock);
    std::vector<StageRequest> take(const std::vector<std::size_t>& members);
    [[nodiscard]] std::vector<WaitingRequest> waiting_requests() const;

    std::size_t longest_queue_;
    std::function<void(std::vector<StageRequest>)> pass_;
    std::mutex mutex_;
    // Not condition_variable_any, which holds a mutex of its own while it wakes a thread that needs it first of all.
    std::condition_variable arrived_;
    std::condition_variable taken_;
    std::deque<Waiting> waiting_;
    bool ending_ = false;
    std::jthread thread_;
};

}  // namespace carbonedge
