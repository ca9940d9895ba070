#pragma once

#include "lib/cluster/node_addresses_file.h"
#include "lib/partition/plan.h"
#include "lib/runlog/run_log.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/gateway.h"
#include "lib/runtime/tensor_path.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// What engines of containers need besides.
struct ContainerOptions {
    std::string program = "docker";  ///< command line of the container engine
    std::string image = "carbonedge";
    std::string stack_file;       ///< where the swarm engine writes its stack
    std::string gateway_address;  ///< at which the swarm's hosts reach this one; "" for what the swarm knows
    PeerSecurity security;        ///< how the nodes and the gateway know each other
};

/// Nodes that run already, for the engine that starts none.
struct AttachedNodes {
    std::string file;  ///< that names them, for messages
    std::vector<NodeAddress> nodes;
};

struct EngineOptions {
    std::string name = "process";  ///< which engine
    std::string node_program;      ///< path of carbonedge-node
    std::string scratch_directory = "/tmp";
    std::vector<std::string> environment;  ///< "NAME=value", what nodes get; their thread counts are set beside
    bool impose_limits = true;             ///< CPU quota and memory limit of every node
    ContainerOptions container;
    AttachedNodes attached;
    TensorPath transport = TensorPath::kAuto;  ///< what an engine cannot use it refuses with UsageError
    Nanoseconds start_timeout{std::chrono::seconds(120)};
    Nanoseconds request_timeout{std::chrono::seconds(30)};
    BatchLimits batches;  ///< of every stage that takes batches
    GatewayPolicy gateway;
    Nanoseconds heartbeat{0};           ///< every node gives a sign of life so often; 0: they are not asked to
    Nanoseconds heartbeat_patience{0};  ///< a node without one for so long is suspected: its routes have failed
    int patience_to_end = 5;            ///< so many times as long, and it is killed and started anew
    bool fail_over = false;             ///< somebody makes new routes when some have failed
    Bytes longest_message{0};           ///< that any route may carry; 0: what the plan's pipelines carry
};

/// What a node process has used since it started.
struct NodeUsage {
    Nanoseconds cpu{0};
    Nanoseconds throttled{0};
    Bytes peak_memory;
};

/// Writes the stage of these layers to a file. Called once for each different range of a plan.
using WriteStage = std::function<void(const LayerRange& layers, const std::string& path)>;

/// The links that a plan's pipelines use and that are imitated, each once, in the order of the pipelines; `by` says
/// how.
std::vector<EmulatedLink> emulated_links(const Plan& plan, const std::string& latency_by,
                                         const std::string& bandwidth_by);

/// The nodes of a plan, running, loaded with their stages and connected; what they are (processes, containers, services
/// of a swarm) is the implementation's. Destroying it ends and removes all it has made.
class Engine {
public:
    virtual ~Engine() = default;

    [[nodiscard]] virtual std::string name() const = 0;  ///< as `--engine` takes it
    [[nodiscard]] virtual Gateway& gateway() = 0;
    [[nodiscard]] virtual std::vector<EnforcedLimit> limits() const = 0;  ///< of the nodes started so far
    /// The links of the plan that it imitates, and how.
    [[nodiscard]] virtual std::vector<EmulatedLink> links(const Plan& plan) const {
        return emulated_links(plan, "user space", "user space");
    }
    /// Why they are imitated in another way than they could be, "" where they are not.
    [[nodiscard]] virtual std::string link_note() const { return ""; }
    [[nodiscard]] virtual NodeUsage usage(const std::string& node) const = 0;
    /// Address on which the node answers the Open Inference Protocol.
    [[nodiscard]] virtual const std::string& inference_address(const std::string& node) const = 0;
    [[nodiscard]] virtual const std::vector<InputSpec>& input_specs() const = 0;  ///< of the whole pipeline
    [[nodiscard]] virtual const std::vector<InputSpec>& output_specs() const = 0;
    /// Why a stage runs single requests where batches were asked for, a line a stage.
    [[nodiscard]] virtual std::vector<std::string> batch_refusals() const { return {}; }
    /// Which node ended and how, once one has.
    [[nodiscard]] virtual std::optional<std::string> failure() const = 0;
    /// Returns when a node ends or `stop` is requested.
    virtual void wait_for_failure(const std::stop_token& stop) const = 0;

    // Routes made and closed while requests flow (docs/runtime.md, "Failures"). An engine that cannot do so throws
    // UsageError. One thread at a time.

    [[nodiscard]] virtual bool can_change() const { return false; }
    /// A pipeline over the plan's nodes: starts those that do not run, loads the stages that are not loaded, connects
    /// them, and lets requests of the plan's pipeline `use.pipeline` take it (`use.nodes` need not be given). Throws
    /// what the engine's constructor throws; no request has then taken it.
    virtual RouteNumber open_route(const Pipeline& pipeline, const RouteUse& use, const std::stop_token& stop);
    /// Waits up to `patience` until it owes no answer, sends what is left another way, unloads the stages and ends the
    /// nodes that no other route needs. A failed route is closed at once.
    virtual void close_route(RouteNumber route, Nanoseconds patience);
    /// The routes that are open, failed ones too, each with whether requests can take it.
    [[nodiscard]] virtual std::map<RouteNumber, bool> open_routes() const { return {}; }
    /// Every node that was ever started, in that order; usage() knows them all.
    [[nodiscard]] virtual std::vector<std::string> nodes_started() const;
    /// Those that have ended and have not been started anew, and those that are silent.
    [[nodiscard]] virtual std::set<std::string> failed_nodes() const { return {}; }
    /// Those of them that are silent: they may give a sign of life yet, or end, either of which is told.
    [[nodiscard]] virtual std::set<std::string> silent_nodes() const { return {}; }
    /// Calls back in some thread when a node or a route has failed, after the gateway knows, and when a silent node is
    /// back. It must return soon.
    virtual void on_change(std::function<void()> hear);
};

/// The environment with the numbers of threads that a node's libraries read as they load.
std::vector<std::string> with_threads(std::vector<std::string> environment, int threads);

/// "layers_0_17": the name under which a node serves these layers.
std::string stage_name(const LayerRange& layers);

/// How the link between two ends is imitated.
LinkEmulation emulation_of(const Link& link);

/// "stage 'layers_0_17' of node 'a' takes single requests: ...".
std::string batch_refusal_line(const std::string& node, const std::string& stage, const LoadedStageSpecs& specs);

/// Bytes of the largest message that a plan sends, and at least 1 MiB: a plan's byte counts are predictions.
Bytes longest_message(const Plan& plan);

/// The ranges of layers that a node serves in some pipeline, by first layer; every node's where `node` is "".
std::vector<LayerRange> ranges_of(const Plan& plan, const std::string& node);

/// Throws InputError where a stage does not take what the one before it gives. `specs` names what was loaded where.
struct PipelineEnds {
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
};
PipelineEnds require_fit(const Plan& plan, const std::function<const LoadedStageSpecs&(const PlannedStage&)>& specs);

}  // namespace carbonedge
