#pragma once

#include "lib/runtime/clock_offset.h"
#include "lib/runtime/link_sender.h"
#include "lib/runtime/peer_security.h"
#include "lib/tensor/tensor.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// What a node says of a stage it has loaded.
struct LoadedStageSpecs {
    std::string execution;
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
    std::string batch_refusal;  ///< why it runs single requests where batches were asked for
};

/// What a node has used since it started, as it sees it itself.
struct ReportedUsage {
    Nanoseconds cpu{0};
    Nanoseconds throttled{0};
    Bytes peak_memory;
    double limit_cpus = 0;        ///< 0: none
    Bytes limit_memory;           ///< 0: none
    std::string limit_mechanism;  ///< "cgroup-v1", "cgroup-v2"; "" where it has no control group of its own
};

/// How long a node may be silent.
struct PulsePatience {
    Nanoseconds suspicion{0};  ///< until it is no longer counted on
    Nanoseconds end{0};        ///< until it is given up
};

/// What came of listening to a node.
struct Silence {
    Nanoseconds time{0};      ///< without a sign of life
    bool broken_off = false;  ///< the connection has ended, which a node that froze leaves as it is
};

/// Speaks to the control socket of a node. Every call ends by `timeout`. Throws EnvironmentError naming the node,
/// InputError where the node refuses what it was given, Interrupted where `stop` is requested.
class ControlClient {
public:
    /// `control` is the path of its private socket, or "host:port", where we speak as the gateway. Throws InputError
    /// where our certificate cannot be read.
    ControlClient(std::string node, const std::string& control, const PeerSecurity& security = {});
    ~ControlClient();
    ControlClient(ControlClient&&) noexcept;
    ControlClient& operator=(ControlClient&&) noexcept;

    LoadedStageSpecs load_stage(const std::string& name, const std::string& path, bool optimise, Nanoseconds timeout,
                                const std::stop_token& stop, const BatchLimits& batches = {});
    void set_route(std::int32_t pipeline, const std::string& stage, const NextHop& next, Nanoseconds timeout,
                   const std::stop_token& stop);
    /// What has gone meanwhile is no error. False where the node does not answer.
    bool close_route(std::int32_t pipeline, Nanoseconds timeout) noexcept;
    bool unload_stage(const std::string& name, Nanoseconds timeout) noexcept;

    /// What is heard of a node while it is watched, in the watching thread.
    struct Listener {
        std::function<void(std::int32_t pipeline, const std::string& cause)> on_broken;  ///< a connection, at the node
        std::function<void(Nanoseconds silent)> on_silent;                               ///< suspicion begins
        std::function<void()> on_sign;                                                   ///< and ends
    };
    /// Asks for a sign of life every `period` and listens. Returns once the node has given none for `patience.end`, or
    /// has broken the connection off and `patience.suspicion` is over; nothing once `stop` is requested.
    std::optional<Silence> watch(Nanoseconds period, const PulsePatience& patience, const Listener& listener,
                                 const std::stop_token& stop);
    /// Waits until it answers.
    void await(Nanoseconds timeout, const std::stop_token& stop);
    ReportedUsage usage(Nanoseconds timeout, const std::stop_token& stop);
    /// Tells it that its clock shows so much more than ours.
    void state_offset(Nanoseconds ahead, Nanoseconds timeout);
    /// Asks `times` times what its clock shows and tells it the offset. Nothing where no answer makes sense.
    std::optional<ClockOffset> align_clock(int times, Nanoseconds timeout, const std::stop_token& stop);
    /// False where it does not answer.
    bool shut_down(Nanoseconds timeout) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
