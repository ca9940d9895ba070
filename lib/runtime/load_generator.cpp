#include "lib/runtime/load_generator.h"

#include "lib/runtime/arrivals.h"
#include "lib/transport/clocks.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace carbonedge {
namespace {

/// How long what is in flight is awaited after a stop.
constexpr Nanoseconds kPatienceAfterStop = std::chrono::seconds(5);

/// Answers on their way from the gateway's threads to the one that issues.
class AnswerQueue {
public:
    void push(Answer answer, std::int64_t request) {
        const std::lock_guard lock(mutex_);
        answer.record.id = request;
        answers_.push_back(std::move(answer));
        changed_.notify_one();
    }

    /// The next answer; nothing at `until`, or when `stop` is requested before one comes.
    std::optional<Answer> pop(std::optional<Nanoseconds> until, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return !answers_.empty(); };
        if (until) {
            changed_.wait_until(lock, stop, std::chrono::steady_clock::time_point(*until), ready);
        } else {
            changed_.wait(lock, stop, ready);
        }
        if (answers_.empty()) return std::nullopt;
        Answer answer = std::move(answers_.front());
        answers_.pop_front();
        return answer;
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Answer> answers_;
};

std::unique_ptr<Arrivals> arrivals_of(const Load& load) {
    if (load.recorded) return recorded_arrivals(*load.recorded, load.speed);
    if (!load.rate_per_second) return nullptr;
    return load.poisson ? poisson_arrivals(*load.rate_per_second, load.seed) : even_arrivals(*load.rate_per_second);
}

}  // namespace

LoadOutcome LoadGenerator::run(const Load& load, const Routing& routing, const OnAnswer& on_answer,
                               const std::stop_token& stop) {
    const auto queue = std::make_shared<AnswerQueue>();
    LoadOutcome outcome;
    const Nanoseconds start = now_monotonic();
    Nanoseconds end = start;
    std::int64_t issued = 0;
    std::int64_t in_flight = 0;
    bool stopped = false;

    const std::unique_ptr<Arrivals> arrivals = arrivals_of(load);
    Nanoseconds next_arrival = arrivals ? start + arrivals->next() : start;
    const auto issue = [&](Nanoseconds arrival) {
        const std::int64_t request = issued++;
        ++in_flight;
        const auto& inputs = inputs_[static_cast<std::size_t>(request) % inputs_.size()];
        // The inputs outlive the load, so nothing needs to own them.
        gateway_.submit(
            routing.choose(), views_of(inputs), std::shared_ptr<const void>(&inputs, [](const void*) {}), arrival,
            [queue, request](Answer answer) { queue->push(std::move(answer), request); },
            load.deadline ? arrival + *load.deadline : Nanoseconds(0));
    };
    const auto issue_due = [&] {
        while (!stopped && issued < load.requests) {
            if (arrivals) {
                if (next_arrival > now_monotonic() || in_flight >= load.most_accepted) return;
                issue(next_arrival);
                next_arrival = start + arrivals->next();
            } else {
                if (in_flight >= load.in_flight) return;
                issue(now_monotonic());
            }
        }
    };

    const std::stop_token never;
    std::optional<Nanoseconds> give_up;
    while (true) {
        if (stop.stop_requested() && !give_up) {
            stopped = true;
            outcome.interrupted = issued < load.requests || in_flight > 0;
            give_up = now_monotonic() + kPatienceAfterStop;
        }
        if (give_up && in_flight > 0 && now_monotonic() >= *give_up) gateway_.fail_all("interrupted");
        issue_due();
        const bool more = !stopped && issued < load.requests;
        if (!more && in_flight == 0) break;
        std::optional<Nanoseconds> until;
        if (more && arrivals && in_flight < load.most_accepted) until = next_arrival;
        if (give_up) until = give_up;
        std::optional<Answer> answer = queue->pop(until, give_up ? never : stop);
        if (!answer) continue;
        --in_flight;
        RequestRecord& record = answer->record;
        end = std::max(end, record.arrival + record.latency);
        record.arrival -= start;
        if (routing.finished) routing.finished(static_cast<std::size_t>(record.pipeline), to_seconds(record.latency));
        if (record.ok) {
            ++outcome.succeeded;
            if (load.deadline && record.latency > *load.deadline) ++outcome.late;
        } else if (record.dropped) {
            ++outcome.dropped;
            if (outcome.first_drop.empty()) outcome.first_drop = record.error;
        } else {
            ++outcome.failed;
            if (outcome.first_error.empty()) outcome.first_error = record.error;
            stopped = true;
        }
        // The next request is on its way before the books are kept, so that the pipeline does not wait for them.
        issue_due();
        on_answer(*answer, static_cast<std::size_t>(record.id) % inputs_.size());
    }
    outcome.wall = end - start;
    return outcome;
}

}  // namespace carbonedge
