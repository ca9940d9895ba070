#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/engine.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// A node that runs somewhere and is reached over the network.
struct PlacedNode {
    Node node;
    std::string control;            ///< where carbonedge-run reaches its control service, "172.18.0.2:7001"
    std::string tensors;            ///< where the gateway sends it tensors, as connect_frames() takes it
    std::string tensors_for_nodes;  ///< where other nodes do
};

/// Starts nodes somewhere else than as our own children: the part in which container engines differ.
class NodeHost {
public:
    /// Ends and removes all that was made; never throws.
    virtual ~NodeHost() = default;

    [[nodiscard]] virtual std::string name() const = 0;  ///< as `--engine` takes it
    /// How gateway and nodes know each other.
    [[nodiscard]] virtual PeerSecurity security() const = 0;
    /// Where the gateway listens for the last nodes' answers, as listen_for_frames() takes it.
    [[nodiscard]] virtual std::string gateway_address() const = 0;
    /// Starts them, in this order, without waiting until they answer. Throws EnvironmentError, Interrupted.
    virtual std::vector<PlacedNode> start(const std::vector<Node>& nodes, Bytes longest_message,
                                          const std::stop_token& stop) = 0;
    using OnEnd = std::function<void(const std::string& node, const std::string& how)>;
    /// Tells of each node that ends, and how ("was killed by signal 9 (Killed)"). Returns once `stop` is requested.
    virtual void watch(const OnEnd& on_end, const std::stop_token& stop) = 0;
};

/// What carbonedge-node is started with in a container; its ports are those below.
/// With certificates it finds its own in kContainerCertificates.
std::vector<std::string> container_node_arguments(const Node& node, Bytes longest_message,
                                                  const EngineOptions& options);
/// Environment of a node with so many threads, "NAME=value".
std::vector<std::string> thread_environment(int threads);

inline constexpr int kTensorPort = 7000;
inline constexpr int kControlPort = 7001;
inline constexpr const char* kContainerDirectory = "/run/carbonedge";  ///< private to the node, in memory
inline constexpr const char* kContainerCertificates = "/run/tls";
inline constexpr const char* kContainerUser = "10001:10001";  ///< the image's own, see docker/Dockerfile

/// A short name for one run, letters and digits, different each time.
std::string make_run_name();

}  // namespace carbonedge
