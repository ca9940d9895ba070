#pragma once

#include "lib/runtime/engine.h"
#include "lib/runtime/node_host.h"
#include "lib/runtime/node_incarnation.h"
#include "lib/runtime/private_directory.h"
#include "lib/runtime/route_table.h"
#include "lib/runtime/stage_files.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

/// The nodes of an engine: starts them when they are first needed and anew when they have ended, loads their stages,
/// keeps their clocks aligned, and notices when they end or fall silent. Changes come from one thread at a time.
class NodeFleet {
public:
    /// Called from threads of the fleet and its host, never with a lock of theirs.
    struct Listener {
        std::function<void(const Failure&)> on_end;
        std::function<void(const Failure&)> on_silent;
        std::function<void(const std::string& node)> on_return;                ///< it was silent, and lives
        std::function<void(RouteNumber, const std::string& cause)> on_broken;  ///< a connection, at some node
    };
    /// `host` outlives it. No message is longer than `longest`.
    NodeFleet(const Plan& plan, WriteStage write, const EngineOptions& options, Bytes longest, NodeHost& host,
              Listener listener);
    ~NodeFleet();
    NodeFleet(const NodeFleet&) = delete;
    NodeFleet& operator=(const NodeFleet&) = delete;

    /// Asks all to end and kills who does not. Nobody is called back from then on.
    void end();

    /// Every node of these runs and has its stages; what runs and is loaded already stays as it is. One that is silent
    /// is waited for until it is back or has been killed. Throws EnvironmentError, InputError, Interrupted.
    void prepare(const StageLoads& loads, const std::stop_token& stop);
    /// Unloads what is not needed of each node, ends the nodes that are left with nothing.
    void keep(std::map<std::string, std::set<std::string>> needed);
    /// The nodes refuse the route's frames from now on, and who is stuck in sending one is let go.
    void close_route(RouteNumber route, const std::set<std::string>& nodes, Nanoseconds patience = kEnding);

    /// Where the node, which runs, sends the route's frames from its stage.
    void set_route(const PlannedStage& stage, RouteNumber route, const NextHop& next, const std::stop_token& stop);

    [[nodiscard]] std::shared_ptr<NodeIncarnation> at(const std::string& node) const;
    [[nodiscard]] const LoadedStageSpecs& specs(const PlannedStage& stage) const;
    /// Why the first of these nodes ended, once one has; waits for it up to `patience`.
    [[nodiscard]] std::optional<std::string> await_end(const std::set<std::string>& nodes, Nanoseconds patience) const;

    [[nodiscard]] std::vector<EnforcedLimit> limits() const;
    [[nodiscard]] std::vector<std::string> batch_refusals() const;
    [[nodiscard]] std::vector<std::string> started() const;
    [[nodiscard]] std::set<std::string> failed() const;  ///< ended or silent
    [[nodiscard]] std::set<std::string> silent() const;  ///< and not ended
    [[nodiscard]] NodeUsage usage(const std::string& node) const;

private:
    /// A node that is asked to end, or for a last thing, has so long.
    static constexpr Nanoseconds kEnding = std::chrono::seconds(2);

    NodeSlot& slot_of(const std::string& name) const;
    NodeSlot& take_up(const std::string& name);
    void start(const std::vector<NodeSlot*>& slots, const std::stop_token& stop);
    void await_ready(NodeSlot& slot, const std::stop_token& stop);
    void greet(NodeSlot& slot, NodeIncarnation& now, const std::stop_token& stop);
    void await_fate(const StageLoads& loads, const std::stop_token& stop) const;
    void load(NodeSlot& slot, const std::vector<LayerRange>& ranges, const std::stop_token& stop);
    void take_pulse(const NodeSlot& slot, NodeIncarnation& now);
    void suspect(NodeIncarnation& now);
    void tell_return(const NodeSlot& slot, NodeIncarnation& now);
    void say_farewell(NodeIncarnation& leaving);
    void while_it_lives(const NodeIncarnation& now, const std::stop_token& stop,
                        const std::function<void(const std::stop_token&)>& ask) const;
    void give_up(NodeIncarnation& incarnation) const;
    void align(const NodeSlot& slot, NodeIncarnation& now, const std::stop_token& stop);
    void align_again(const std::stop_token& stop);
    void fail(NodeIncarnation& incarnation, const Failure& what);
    void ask_usage(NodeIncarnation& incarnation) const;
    NodeUsage used_by(NodeIncarnation& incarnation) const;

    EngineOptions options_;
    Cluster cluster_;
    std::vector<bool> optimise_;
    Bytes longest_;
    NodeHost& host_;
    Listener listener_;
    PrivateDirectory directory_;
    StageFiles files_;
    std::atomic<bool> closing_{false};

    mutable std::mutex mutex_;
    mutable std::condition_variable_any ended_;
    std::vector<std::unique_ptr<NodeSlot>> slots_;
    std::jthread alignment_;
};

}  // namespace carbonedge
