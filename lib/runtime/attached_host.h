#pragma once

#include "lib/runtime/node_host.h"

#include <string>

namespace carbonedge {

/// Nodes that run already, started and ended by somebody else: they are found by their addresses and cleared of what
/// was loaded in the end. How one ended is not told; that its connections break is.
class AttachedHost final : public NodeHost {
public:
    /// Throws EnvironmentError where nodes are on other machines and it is not known how they reach this one.
    explicit AttachedHost(const EngineOptions& options);

    [[nodiscard]] std::string name() const override { return "attached"; }
    [[nodiscard]] PeerSecurity security() const override { return options_.container.security; }
    [[nodiscard]] std::string gateway_address() const override { return gateway_address_; }
    /// Throws InputError where a node has no address.
    std::vector<std::unique_ptr<StartedNode>> start(const std::vector<Node>& nodes, Bytes longest_message,
                                                    const std::stop_token& stop) override;
    [[nodiscard]] bool ends_nodes() const override { return false; }
    [[nodiscard]] Nanoseconds end_is_told() const override { return std::chrono::seconds(1); }
    [[nodiscard]] std::string end_notice() const override { return "connection"; }
    [[nodiscard]] std::string remedy() const override {
        return "see whether carbonedge-node runs there with certificates of the same authority";
    }

private:
    EngineOptions options_;
    std::string gateway_address_;
};

}  // namespace carbonedge
