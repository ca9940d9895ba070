#pragma once

#include "lib/runlog/run_log.h"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace carbonedge {

/// What a queue knows of a request that waits for the model thread.
struct WaitingRequest {
    const void* stage = nullptr;  ///< requests of one stage may share a forward pass
    Nanoseconds received{0};      ///< CLOCK_MONOTONIC
    Nanoseconds ready_by{0};      ///< its pass must have ended by then for its deadline; 0: no deadline
};

struct NextBatch {
    std::vector<std::size_t> members;  ///< positions in the queue, ascending; the first is the queue's first
    Nanoseconds start{0};              ///< when the pass is to start; later than now: more may join until then
};

/// Which of the requests that wait go into the next forward pass, and when. The first in the queue sets the stage; the
/// next ones of that stage join in their order, `limits.largest` in all at most, and no more than can be ready in
/// time: where the pass of all would be over only after some member's `ready_by`, it is made smaller, down to one. The
/// pass starts at once where it is full, else when its oldest has waited `limits.longest_wait`, or earlier where a
/// member's deadline asks for it. `pass_time(k)` is the expected time of a pass of k requests, not falling with k.
/// `queue` is not empty. O(queue + batch^2).
NextBatch next_batch(std::span<const WaitingRequest> queue, const BatchLimits& limits,
                     const std::function<Nanoseconds(std::size_t)>& pass_time, Nanoseconds now);

/// What passes of a stage have taken, by the number of requests in them. Not thread safe.
class PassTimes {
public:
    void record(std::size_t batch, Nanoseconds time);
    /// The average of late passes of that size, newer ones weighing more; of a size never seen, that of the next
    /// smaller in proportion. 0 where nothing was seen.
    [[nodiscard]] Nanoseconds expected(std::size_t batch) const;
    /// The shortest pass of one request ever seen, below which none is to be hoped for; 0 where none was seen.
    [[nodiscard]] Nanoseconds least() const { return least_; }

private:
    std::vector<Nanoseconds> average_;  ///< at [k] of k requests; 0: never seen
    Nanoseconds least_{0};
};

}  // namespace carbonedge
