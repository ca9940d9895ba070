#pragma once

#include "lib/runtime/stage_runner.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace carbonedge {

/// The one thread of a node that touches models; everything for them is queued here.
class ModelThread {
public:
    /// At most `longest_queue` pieces of work wait; post() then blocks, which makes senders wait in turn.
    ModelThread(StageLoader& loader, std::size_t longest_queue);
    /// Ends; drops what still waits.
    ~ModelThread();
    ModelThread(const ModelThread&) = delete;
    ModelThread& operator=(const ModelThread&) = delete;

    /// `work` must not throw. False where the thread is ending and the work will not be done.
    bool post(std::function<void()> work);
    /// Makes post() return false from now on and the thread end after what it does now.
    void end() { stop_.request_stop(); }

private:
    void run(const std::stop_token& stop, StageLoader& loader);

    std::size_t longest_queue_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> waiting_;
    std::stop_source stop_;
    std::jthread thread_;
};

}  // namespace carbonedge
