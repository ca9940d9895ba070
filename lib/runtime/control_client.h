#pragma once

#include "lib/runtime/link_sender.h"
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
};

/// Speaks to the control socket of a node. Every call ends by `timeout`. Throws EnvironmentError naming the node,
/// InputError where the node refuses what it was given, Interrupted where `stop` is requested.
class ControlClient {
public:
    ControlClient(std::string node, const std::string& control_path);
    ~ControlClient();
    ControlClient(ControlClient&&) noexcept;
    ControlClient& operator=(ControlClient&&) noexcept;

    LoadedStageSpecs load_stage(const std::string& name, const std::string& path, bool optimise, Nanoseconds timeout,
                                const std::stop_token& stop);
    void set_route(std::int32_t pipeline, const std::string& stage, const NextHop& next, Nanoseconds timeout,
                   const std::stop_token& stop);
    /// What has gone meanwhile is no error. False where the node does not answer.
    bool close_route(std::int32_t pipeline, Nanoseconds timeout) noexcept;
    bool unload_stage(const std::string& name, Nanoseconds timeout) noexcept;

    /// Hears of a pipeline whose connection broke at the node.
    using OnBroken = std::function<void(std::int32_t pipeline, const std::string& cause)>;
    /// Asks for a sign of life every `period` and listens. Returns how long the node has given none, once that is
    /// longer than `patience`; nothing once `stop` is requested.
    std::optional<Nanoseconds> watch(Nanoseconds period, Nanoseconds patience, const OnBroken& on_broken,
                                     const std::stop_token& stop);
    /// False where it does not answer.
    bool shut_down(Nanoseconds timeout) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
