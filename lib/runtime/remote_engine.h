#pragma once

#include "lib/runtime/engine.h"
#include "lib/runtime/node_host.h"

#include <memory>

namespace carbonedge {

/// Nodes that are reached over the network, wherever a NodeHost has started them. Their clocks are aligned with ours
/// when they start and again every ten seconds. Links are imitated in user space, on top of what the network takes.
class RemoteEngine final : public Engine {
public:
    /// Ready for requests when it returns. Throws EnvironmentError (a node does not start, cannot be reached, or
    /// stops), InputError (a stage does not load, or stages do not fit each other), Interrupted.
    RemoteEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                 std::unique_ptr<NodeHost> host, const std::stop_token& stop);
    ~RemoteEngine() override;
    RemoteEngine(const RemoteEngine&) = delete;
    RemoteEngine& operator=(const RemoteEngine&) = delete;

    [[nodiscard]] std::string name() const override;
    [[nodiscard]] Gateway& gateway() override;
    [[nodiscard]] std::vector<EnforcedLimit> limits() const override;
    [[nodiscard]] NodeUsage usage(const std::string& node) const override;
    [[nodiscard]] const std::string& inference_address(const std::string& node) const override;
    [[nodiscard]] const std::vector<InputSpec>& input_specs() const override;
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const override;
    [[nodiscard]] std::vector<std::string> batch_refusals() const override;
    [[nodiscard]] std::optional<std::string> failure() const override;
    void wait_for_failure(const std::stop_token& stop) const override;
    /// How far the node's clock was from ours when it was last aligned.
    [[nodiscard]] ClockOffset clock_offset(const std::string& node) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
