#pragma once

#include "lib/runtime/container_cli.h"
#include "lib/runtime/node_host.h"

#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// One service of a Docker swarm for each node, placed by the labels of the swarm's hosts, on one overlay network.
/// This program must run on a manager whose address the other hosts reach.
class SwarmHost final : public NodeHost {
public:
    /// Looks at the swarm. Throws EnvironmentError (no swarm, this is no manager), Interrupted.
    SwarmHost(const EngineOptions& options, const std::stop_token& stop);
    ~SwarmHost() override;
    SwarmHost(const SwarmHost&) = delete;
    SwarmHost& operator=(const SwarmHost&) = delete;

    [[nodiscard]] std::string name() const override { return "swarm"; }
    [[nodiscard]] PeerSecurity security() const override { return options_.container.security; }
    [[nodiscard]] std::string gateway_address() const override { return security().scheme() + own_address_ + ":0"; }
    std::vector<PlacedNode> start(const std::vector<Node>& nodes, Bytes longest_message,
                                  const std::stop_token& stop) override;
    void watch(const OnEnd& on_end, const std::stop_token& stop) override;

private:
    [[nodiscard]] std::string address_for(const std::string& node, const std::stop_token& stop) const;
    [[nodiscard]] std::string ask(const std::vector<std::string>& arguments, const std::stop_token& stop) const;
    void await_tasks(const std::vector<Node>& nodes, const std::stop_token& stop) const;

    EngineOptions options_;
    ContainerCli cli_;
    std::string stack_;  ///< name of the stack
    bool deployed_ = false;
    std::string own_address_;
    std::vector<std::string> nodes_;
};

}  // namespace carbonedge
