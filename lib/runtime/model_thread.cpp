#include "lib/runtime/model_thread.h"

#include "lib/transport/clocks.h"

#include <sys/prctl.h>
#include <algorithm>

namespace carbonedge {

ModelThread::ModelThread(StageLoader& loader, std::size_t longest_queue,
                         std::function<void(std::vector<StageRequest>)> pass)
    : longest_queue_(longest_queue), pass_(std::move(pass)) {
    thread_ = std::jthread([this, &loader] { run(loader); });
}

ModelThread::~ModelThread() {
    end();
    thread_.join();
}

void ModelThread::end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    arrived_.notify_all();
    taken_.notify_all();
}

bool ModelThread::post(std::function<void()> work) { return post(Waiting{std::move(work), {}}); }

bool ModelThread::post(StageRequest request) { return post(Waiting{nullptr, std::move(request)}); }

bool ModelThread::post(Waiting waiting) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return ending_ || waiting_.size() < longest_queue_; });
    if (ending_) return false;
    waiting_.push_back(std::move(waiting));
    lock.unlock();  // or the thread that is woken would wait for it
    arrived_.notify_one();
    return true;
}

std::vector<WaitingRequest> ModelThread::waiting_requests() const {
    std::vector<WaitingRequest> requests;
    for (const Waiting& waiting : waiting_) {
        // Work is of no stage, so it joins no batch.
        if (waiting.work) {
            requests.push_back({&waiting, Nanoseconds(0), Nanoseconds(0)});
            continue;
        }
        requests.push_back(
            {waiting.request.route.stage.get(), waiting.request.frame.received, ready_by(waiting.request)});
    }
    return requests;
}

std::vector<StageRequest> ModelThread::take(const std::vector<std::size_t>& members) {
    std::vector<StageRequest> taken;
    for (const std::size_t member : members) taken.push_back(std::move(waiting_[member].request));
    for (std::size_t i = members.size(); i-- > 0;) {
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(members[i]));
    }
    return taken;
}

std::vector<StageRequest> ModelThread::gather(std::unique_lock<std::mutex>& lock) {
    const std::shared_ptr<LoadedStage> kept = waiting_.front().request.route.stage;
    const LoadedStage& stage = *kept;
    if (stage.batches.largest == 1) return take({0});
    while (true) {
        const NextBatch batch = next_batch(
            waiting_requests(), stage.batches, [&stage](std::size_t size) { return stage.times.expected(size); },
            now_monotonic());
        if (batch.start <= now_monotonic()) return take(batch.members);
        const std::size_t known = waiting_.size();
        arrived_.wait_until(lock, std::chrono::steady_clock::time_point(batch.start),
                            [&] { return ending_ || waiting_.size() != known; });
        if (ending_) return {};
    }
}

void ModelThread::run(StageLoader& loader) {
    loader.prepare_model_thread();
    prctl(PR_SET_TIMERSLACK, 1UL);  // a batch waits as long as was asked for, not 50 us more
    std::unique_lock lock(mutex_);
    while (true) {
        arrived_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (ending_) return;
        std::function<void()> work = std::move(waiting_.front().work);
        std::vector<StageRequest> requests;
        if (work) {
            waiting_.pop_front();
        } else {
            requests = gather(lock);
        }
        taken_.notify_all();
        lock.unlock();
        if (work) {
            work();
        } else if (!requests.empty()) {
            pass_(std::move(requests));
        }
        lock.lock();
    }
}

}  // namespace carbonedge
