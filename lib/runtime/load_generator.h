#pragma once

#include "lib/runlog/run_log.h"
#include "lib/runtime/gateway.h"
#include "lib/scheduler/request_router.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

struct Load {
    std::int64_t requests = 1;
    std::int64_t in_flight = 1;             ///< closed loop: so many requests are kept in flight
    std::optional<double> rate_per_second;  ///< open loop: arrivals at this fixed spacing, whatever is in flight
};

/// What the requests carry, one entry a variant; request i takes variant i modulo their number.
using RequestInputs = std::vector<std::vector<HostTensor>>;

struct LoadOutcome {
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    bool interrupted = false;
    Nanoseconds wall{0};      ///< first arrival to last answer
    std::string first_error;  ///< "" where none failed
};

class LoadGenerator {
public:
    /// `choose` names the pipeline of the next request, `finished` hears how long one took there.
    struct Routing {
        std::function<std::size_t()> choose;
        std::function<void(std::size_t pipeline, Seconds latency)> finished;
    };
    /// Hears of every request in the order of the answers, with its outputs and which variant it carried. The record's
    /// id counts from 0 and its arrival from the start of the load.
    using OnAnswer = std::function<void(const Answer&, std::size_t variant)>;

    LoadGenerator(Gateway& gateway, const RequestInputs& inputs) : gateway_(gateway), inputs_(inputs) {}

    /// Returns when every request is answered or failed. After `stop`, or after a failure, no further request is issued
    /// and what is in flight is awaited, after `stop` for five seconds at most.
    LoadOutcome run(const Load& load, const Routing& routing, const OnAnswer& on_answer, const std::stop_token& stop);

private:
    Gateway& gateway_;
    const RequestInputs& inputs_;
};

}  // namespace carbonedge
