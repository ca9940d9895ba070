#pragma once

#include "lib/runtime/container_cli.h"
#include "lib/runtime/node_endings.h"
#include "lib/runtime/node_host.h"
#include "lib/runtime/stack_file.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
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
    std::vector<std::unique_ptr<StartedNode>> start(const std::vector<Node>& nodes, Bytes longest_message,
                                                    const std::stop_token& stop) override;
    [[nodiscard]] Nanoseconds end_is_told() const override { return std::chrono::seconds(3); }
    [[nodiscard]] std::string end_notice() const override { return "container end"; }
    [[nodiscard]] std::string remedy() const override { return "look at its messages: docker service logs"; }

private:
    class ServiceNode;
    /// The newest of a service: its identifier, "Running 3 seconds ago" and what went wrong.
    struct Task {
        std::string id;
        std::string state;
        std::string problem;
    };
    [[nodiscard]] std::string address_for(const std::string& node, const std::stop_token& stop) const;
    [[nodiscard]] std::string ask(const std::vector<std::string>& arguments, const std::stop_token& stop) const;
    [[nodiscard]] std::string service_of(const std::string& node) const;
    [[nodiscard]] Task newest_task(const std::string& node, const std::stop_token& stop) const;
    [[nodiscard]] Task await_task(const std::string& node, const std::string& before, Nanoseconds timeout,
                                  const std::stop_token& stop) const;
    void deploy(Bytes longest_message, const std::stop_token& stop);
    void say_runs(const std::string& node, bool runs);
    void end_task(const std::string& node) noexcept;
    void watch(const std::stop_token& stop);

    EngineOptions options_;
    ContainerCli cli_;
    std::string stack_;  ///< name of the stack
    bool deployed_ = false;
    std::string own_address_;
    std::mutex mutex_;  ///< of the services, which are ended from several threads
    std::vector<StackService> services_;
    NodeEndings endings_;  ///< by the identifiers of tasks
    std::jthread watch_;
};

}  // namespace carbonedge
