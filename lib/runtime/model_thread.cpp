#include "lib/runtime/model_thread.h"

namespace carbonedge {

ModelThread::ModelThread(StageLoader& loader, std::size_t longest_queue) : longest_queue_(longest_queue) {
    thread_ = std::jthread([this, &loader] { run(stop_.get_token(), loader); });
}

ModelThread::~ModelThread() {
    stop_.request_stop();
    thread_.join();
}

bool ModelThread::post(std::function<void()> work) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop_.get_token(), [this] { return waiting_.size() < longest_queue_; })) return false;
    waiting_.push_back(std::move(work));
    changed_.notify_all();
    return true;
}

void ModelThread::run(const std::stop_token& stop, StageLoader& loader) {
    loader.prepare_model_thread();
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
        const std::function<void()> work = std::move(waiting_.front());
        waiting_.pop_front();
        if (waiting_.size() + 1 == longest_queue_) changed_.notify_all();
        lock.unlock();
        work();
        lock.lock();
    }
}

}  // namespace carbonedge
