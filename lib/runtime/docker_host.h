#pragma once

#include "lib/runtime/container_cli.h"
#include "lib/runtime/node_endings.h"
#include "lib/runtime/node_host.h"
#include "lib/runtime/private_directory.h"
#include "lib/runtime/traffic_shaper.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// One container of this machine's engine for each node, on a network of their own that leads nowhere else.
class DockerHost final : public NodeHost {
public:
    /// Makes the network. Throws EnvironmentError (no engine, no image), Interrupted.
    DockerHost(const EngineOptions& options, const std::stop_token& stop);
    ~DockerHost() override;
    DockerHost(const DockerHost&) = delete;
    DockerHost& operator=(const DockerHost&) = delete;

    [[nodiscard]] std::string name() const override { return "docker"; }
    [[nodiscard]] PeerSecurity security() const override { return options_.container.security; }
    [[nodiscard]] std::string gateway_address() const override { return gateway_address_; }
    std::vector<std::unique_ptr<StartedNode>> start(const std::vector<Node>& nodes, Bytes longest_message,
                                                    const std::stop_token& stop) override;
    bool limit_bandwidth(const std::string& from, const std::string& address, BytesPerSecond rate,
                         const std::stop_token& stop) override;
    [[nodiscard]] std::string bandwidth_note() const override { return bandwidth_note_; }
    [[nodiscard]] Nanoseconds end_is_told() const override { return std::chrono::seconds(1); }
    [[nodiscard]] std::string end_notice() const override { return "container end"; }
    [[nodiscard]] std::string remedy() const override { return "look at its messages: docker logs"; }

private:
    [[nodiscard]] std::string container_of(const std::string& node) const;
    std::unique_ptr<StartedNode> start_one(const Node& node, Bytes longest_message, const std::stop_token& stop);
    [[nodiscard]] std::optional<std::string> ending_of(const std::string& id, const std::stop_token& stop) const;
    void watch(const std::stop_token& stop);
    void copy_certificates(const Node& node) const;
    void remove_all() noexcept;

    EngineOptions options_;
    PrivateDirectory directory_;  ///< certificates as the containers' user may read them
    ContainerCli cli_;
    std::string run_;      ///< names the network and begins the names of the containers
    std::string network_;  ///< "" before it is there
    std::string bridge_;   ///< the network's device on this host
    std::string gateway_address_;
    TrafficShaper shaper_;
    std::string bandwidth_note_;
    std::set<std::string> started_;  ///< nodes
    NodeEndings endings_;            ///< by the identifiers of containers
    std::jthread watch_;
};

/// What `docker run` is given for a node; `certificates` is the folder of its own, "" for none.
std::vector<std::string> container_arguments(const Node& node, const std::string& run, Bytes longest_message,
                                             const EngineOptions& options, const std::string& certificates = "");

/// How a container ended, from its exit status.
std::string container_ending(int status, bool out_of_memory);

}  // namespace carbonedge
