#pragma once

#include "lib/partition/plan.h"
#include "lib/runlog/run_log.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/gateway.h"

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

struct EngineOptions {
    std::string node_program;  ///< path of carbonedge-node
    std::string scratch_directory = "/tmp";
    std::vector<std::string> environment;  ///< "NAME=value", what nodes get; their thread counts are set beside
    bool impose_limits = true;             ///< CPU quota and memory limit of every node
    Nanoseconds start_timeout{std::chrono::seconds(120)};
    Nanoseconds request_timeout{std::chrono::seconds(30)};
};

/// What a node process has used since it started.
struct NodeUsage {
    Nanoseconds cpu{0};
    Nanoseconds throttled{0};
    Bytes peak_memory;
};

/// Writes the stage of these layers to a file. Called once for each different range of a plan.
using WriteStage = std::function<void(const LayerRange& layers, const std::string& path)>;

/// The nodes of a plan as processes of this machine, each under its own limits, loaded with its stages and connected.
/// Links are imitated in user space by whoever sends. Destroying it ends every process and control group.
class ProcessEngine {
public:
    /// Ready for requests when it returns. Throws EnvironmentError (a node does not start, or stops), InputError (a
    /// stage does not load, or stages do not fit each other), Interrupted.
    ProcessEngine(const Plan& plan, const WriteStage& write_stage, const EngineOptions& options,
                  const std::stop_token& stop);
    ~ProcessEngine();
    ProcessEngine(const ProcessEngine&) = delete;
    ProcessEngine& operator=(const ProcessEngine&) = delete;

    [[nodiscard]] Gateway& gateway();
    [[nodiscard]] const std::vector<EnforcedLimit>& limits() const;  ///< of the nodes in use, in the cluster's order
    [[nodiscard]] NodeUsage usage(const std::string& node) const;
    [[nodiscard]] int process(const std::string& node) const;
    /// Address on which the node answers the Open Inference Protocol.
    [[nodiscard]] const std::string& inference_address(const std::string& node) const;
    [[nodiscard]] const std::vector<InputSpec>& input_specs() const;  ///< of the whole pipeline
    [[nodiscard]] const std::vector<InputSpec>& output_specs() const;
    /// Which node ended and how, once one has.
    [[nodiscard]] std::optional<std::string> failure() const;
    /// Returns when a node ends or `stop` is requested.
    void wait_for_failure(const std::stop_token& stop) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// "layers_0_17": the name under which a node serves these layers.
std::string stage_name(const LayerRange& layers);

/// How the link between two ends is imitated.
LinkEmulation emulation_of(const Link& link);

}  // namespace carbonedge
