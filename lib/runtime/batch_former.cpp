#include "lib/runtime/batch_former.h"

#include <algorithm>

namespace carbonedge {
namespace {

/// Weight of the newest pass in the average: some ten passes are remembered.
constexpr double kNewest = 0.1;

/// The earliest `ready_by` among the first `count` members; nothing bounds where none has one.
Nanoseconds tightest(std::span<const WaitingRequest> queue, std::span<const std::size_t> members) {
    Nanoseconds earliest = Nanoseconds::max();
    for (const std::size_t member : members) {
        if (queue[member].ready_by.count() != 0) earliest = std::min(earliest, queue[member].ready_by);
    }
    return earliest;
}

}  // namespace

NextBatch next_batch(std::span<const WaitingRequest> queue, const BatchLimits& limits,
                     const std::function<Nanoseconds(std::size_t)>& pass_time, Nanoseconds now) {
    const auto largest = static_cast<std::size_t>(std::max<std::int64_t>(limits.largest, 1));
    NextBatch batch;
    for (std::size_t i = 0; i < queue.size() && batch.members.size() < largest; ++i) {
        if (queue[i].stage == queue.front().stage) batch.members.push_back(i);
    }
    const std::size_t gathered = batch.members.size();
    while (batch.members.size() > 1 && tightest(queue, batch.members) < now + pass_time(batch.members.size())) {
        batch.members.pop_back();
    }
    batch.start = now;
    if (gathered == largest || batch.members.size() < gathered) return batch;
    Nanoseconds start = queue.front().received + limits.longest_wait;
    // One more may join until then, and must leave those here in time.
    const Nanoseconds by = tightest(queue, batch.members);
    if (by != Nanoseconds::max()) start = std::min(start, by - pass_time(gathered + 1));
    batch.start = std::max(start, now);
    return batch;
}

void PassTimes::record(std::size_t batch, Nanoseconds time) {
    if (average_.size() <= batch) average_.resize(batch + 1, Nanoseconds(0));
    Nanoseconds& average = average_[batch];
    average =
        average.count() == 0
            ? time
            : average + Nanoseconds(static_cast<std::int64_t>(kNewest * static_cast<double>((time - average).count())));
    if (batch == 1) least_ = least_.count() == 0 ? time : std::min(least_, time);
}

Nanoseconds PassTimes::expected(std::size_t batch) const {
    for (std::size_t known = std::min(batch + 1, average_.size()); known-- > 1;) {
        if (average_[known].count() == 0) continue;
        return average_[known] * static_cast<std::int64_t>(batch) / static_cast<std::int64_t>(known);
    }
    return Nanoseconds(0);
}

}  // namespace carbonedge
