#pragma once

#include "lib/runtime/engine.h"

#include <memory>

namespace carbonedge {

/// Nodes as processes of this machine, each under its own limits. Links are imitated in user space by whoever sends.
/// A node that has ended, or has given no sign of life and is therefore killed, is started anew by the next route
/// through it.
class ProcessEngine final : public Engine {
public:
    /// Ready for requests when it returns. Throws EnvironmentError (a node does not start, or stops), InputError (a
    /// stage does not load, or stages do not fit each other), Interrupted.
    ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                  const std::stop_token& stop);
    ~ProcessEngine() override;
    ProcessEngine(const ProcessEngine&) = delete;
    ProcessEngine& operator=(const ProcessEngine&) = delete;

    [[nodiscard]] std::string name() const override { return "process"; }
    [[nodiscard]] Gateway& gateway() override;
    [[nodiscard]] std::vector<EnforcedLimit> limits() const override;
    [[nodiscard]] NodeUsage usage(const std::string& node) const override;
    [[nodiscard]] int process(const std::string& node) const;
    [[nodiscard]] const std::string& inference_address(const std::string& node) const override;
    [[nodiscard]] const std::vector<InputSpec>& input_specs() const override;
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const override;
    [[nodiscard]] std::vector<std::string> batch_refusals() const override;
    [[nodiscard]] std::optional<std::string> failure() const override;
    void wait_for_failure(const std::stop_token& stop) const override;
    [[nodiscard]] bool can_change() const override { return true; }
    RouteNumber open_route(const Pipeline& pipeline, const RouteUse& use, const std::stop_token& stop) override;
    void close_route(RouteNumber route, Nanoseconds patience) override;
    [[nodiscard]] std::map<RouteNumber, bool> open_routes() const override;
    [[nodiscard]] std::vector<std::string> nodes_started() const override;
    [[nodiscard]] std::set<std::string> failed_nodes() const override;
    void on_failure(std::function<void()> hear) override;
    /// Its private directory: sockets, stage files on their way.
    [[nodiscard]] const std::string& directory() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
