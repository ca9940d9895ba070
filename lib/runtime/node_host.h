#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/engine.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// Where a node is reached.
struct NodeAddresses {
    std::string control;            ///< by carbonedge-run, as ControlClient takes it
    std::string inference;          ///< by clients of the Open Inference Protocol
    std::string tensors;            ///< by the gateway, as connect_frames() takes it
    std::string tensors_for_nodes;  ///< by other nodes
};

/// A node from one start to its end. Destroying it ends it, at the latest when its host goes too; nobody is called back
/// from then on.
class StartedNode {
public:
    virtual ~StartedNode() = default;

    /// Waits until it is known where it is reached. Throws EnvironmentError saying what it did instead ("exited with
    /// status 1"), Interrupted.
    virtual NodeAddresses await(Nanoseconds timeout, const std::stop_token& stop) = 0;
    /// Calls back once, in a thread of the host's, when it has ended, with how ("was killed by signal 9 (Killed)"): at
    /// once where it has already. What is called must not destroy this.
    using OnEnd = std::function<void(const std::string& how)>;
    virtual void on_end(OnEnd hear) = 0;
    /// How it ended, waiting up to `timeout`; nothing where it still runs.
    virtual std::optional<std::string> wait(Nanoseconds timeout) = 0;
    virtual void kill() noexcept = 0;
    /// Since its start, where that is seen from outside, also when it has ended; else it is asked itself.
    [[nodiscard]] virtual std::optional<NodeUsage> usage() const { return std::nullopt; }
    /// What holds it, where that is seen from outside.
    [[nodiscard]] virtual std::optional<EnforcedLimit> limit() const { return std::nullopt; }
};

/// Starts nodes: the part in which engines differ.
class NodeHost {
public:
    /// Ends and removes all that was made; never throws.
    virtual ~NodeHost() = default;

    [[nodiscard]] virtual std::string name() const = 0;  ///< as `--engine` takes it
    /// How gateway and nodes know each other.
    [[nodiscard]] virtual PeerSecurity security() const = 0;
    /// Where the gateway listens for the last nodes' answers, as listen_for_frames() takes it.
    [[nodiscard]] virtual std::string gateway_address() const = 0;
    /// Starts them, in this order, without waiting until they answer. What was started before under the same name has
    /// been killed, and makes room. Throws EnvironmentError, Interrupted. One thread at a time.
    virtual std::vector<std::unique_ptr<StartedNode>> start(const std::vector<Node>& nodes, Bytes longest_message,
                                                            const std::stop_token& stop) = 0;
    /// Whether its nodes end with the engine; else they are only cleared of what it has loaded.
    [[nodiscard]] virtual bool ends_nodes() const { return true; }
    /// Has the kernel limit what `from`, a node that runs or "gateway", sends to `address` (of tensors, as the gateway
    /// reaches it); false where whoever sends must. Throws Interrupted. One thread at a time.
    virtual bool limit_bandwidth(const std::string& /*from*/, const std::string& /*address*/, BytesPerSecond /*rate*/,
                                 const std::stop_token& /*stop*/) {
        return false;
    }
    /// Why limit_bandwidth() could not, as a note; "" where it could, or never can.
    [[nodiscard]] virtual std::string bandwidth_note() const { return ""; }
    /// Whether nodes see the same clock, and say by themselves when they are ready: else they are asked.
    [[nodiscard]] virtual bool shares_clock() const { return false; }
    /// So long after a node's connections break the host may take to say how it ended.
    [[nodiscard]] virtual Nanoseconds end_is_told() const = 0;
    /// How an end is noticed, for the log: "process end".
    [[nodiscard]] virtual std::string end_notice() const = 0;
    /// Where to look when a node does not start.
    [[nodiscard]] virtual std::string remedy() const = 0;
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
