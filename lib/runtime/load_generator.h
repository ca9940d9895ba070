#pragma once

#include "lib/runlog/run_log.h"
#include "lib/runtime/gateway.h"
#include "lib/scheduler/request_router.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

struct Load {
    std::int64_t requests = 1;
    std::int64_t in_flight = 1;  ///< closed loop: so many requests are kept in flight
    /// Open loop where there is one of the next: requests arrive then, whatever is in flight. Evenly spaced, or where
    /// `poisson` as a Poisson process of this mean.
    std::optional<double> rate_per_second;
    bool poisson = false;
    std::uint64_t seed = 0;  ///< of the Poisson process
    /// The arrivals of a recorded load; as many as `requests` at least.
    std::shared_ptr<const std::vector<Nanoseconds>> recorded = nullptr;
    double speed = 1;  ///< of the recorded load
    /// Open loop: so many requests are in the pipelines at most; those that arrive meanwhile wait, and their latency
    /// counts on.
    std::int64_t most_accepted = 256;
    /// From its arrival a request must be answered within this, else it is dropped; absent: whenever.
    std::optional<Nanoseconds> deadline = std::nullopt;

    [[nodiscard]] bool open() const { return rate_per_second.has_value() || recorded != nullptr; }
};

/// A closed loop without company: each request comes when the one before is answered.
inline Load one_at_a_time(std::int64_t requests) {
    Load load;
    load.requests = requests;
    return load;
}

/// What the requests carry, one entry a variant; request i takes variant i modulo their number.
using RequestInputs = std::vector<std::vector<HostTensor>>;

struct LoadOutcome {
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t dropped = 0;  ///< beside them: could not make their deadline
    std::int64_t late = 0;     ///< of those that succeeded: after their deadline
    bool interrupted = false;
    Nanoseconds wall{0};      ///< first arrival to last answer
    std::string first_error;  ///< "" where none failed
    std::string first_drop;   ///< why the first was dropped
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

    /// Returns when every request is answered, dropped or failed. After `stop`, or after a failure, no further request
    /// is issued and what is in flight is awaited, after `stop` for five seconds at most. In an open loop latency
    /// counts from the intended arrival, whenever the request could really be sent, so that no slow answer hides those
    /// behind it (coordinated omission); in a closed one arrivals wait for answers by definition.
    LoadOutcome run(const Load& load, const Routing& routing, const OnAnswer& on_answer, const std::stop_token& stop);

private:
    Gateway& gateway_;
    const RequestInputs& inputs_;
};

}  // namespace carbonedge
