#pragma once

#include "lib/runtime/engine.h"
#include "lib/runtime/node_host.h"

#include <memory>

namespace carbonedge {

/// The engine over nodes that a host starts, whatever they are: routes that come and go, and what follows when a node
/// ends, falls silent or loses a connection. The routes of a silent node fail; it is killed when it stays so. A node
/// that has ended is started anew by the next route through it. Links are imitated in user space by whoever sends, but
/// for the bandwidth where the host has the kernel limit it.
class NodeEngine : public Engine {
public:
    /// Ready for requests when it returns. Throws EnvironmentError (a node does not start, cannot be reached, or
    /// stops), InputError (a stage does not load, or stages do not fit each other), Interrupted.
    NodeEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
               std::unique_ptr<NodeHost> host, const std::stop_token& stop);
    ~NodeEngine() override;
    NodeEngine(const NodeEngine&) = delete;
    NodeEngine& operator=(const NodeEngine&) = delete;

    [[nodiscard]] std::string name() const override;
    [[nodiscard]] Gateway& gateway() override;
    [[nodiscard]] std::vector<EnforcedLimit> limits() const override;
    [[nodiscard]] std::vector<EmulatedLink> links(const Plan& plan) const override;
    [[nodiscard]] std::string link_note() const override;
    [[nodiscard]] NodeUsage usage(const std::string& node) const override;
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
    [[nodiscard]] std::set<std::string> silent_nodes() const override;
    void on_change(std::function<void()> hear) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carbonedge
