#pragma once

#include "lib/runtime/clock_offset.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/node_host.h"

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace carbonedge {

/// A node as its engine sees it, from its start to its end.
struct NodeIncarnation {
    std::map<std::string, LoadedStageSpecs> stages;
    ReportedUsage reported;  ///< what it last said
    ClockOffset clock;
    std::string ended;                 ///< why, once it has
    std::stop_source gone;             ///< and then lets go who waits for its answer
    std::stop_source held_up;          ///< while it is silent, the same
    std::atomic<bool> ending{false};   ///< it is asked to
    std::atomic<bool> serves{false};   ///< a route has gone through it
    std::atomic<bool> silent{false};   ///< for so long that it is suspected
    std::atomic<bool> answers{false};  ///< `control` is there and was answered
    NodeAddresses addresses;
    std::unique_ptr<ControlClient> control;
    std::unique_ptr<StartedNode> started;  ///< calls back into what stands before it
    std::jthread pulse;
    std::future<void> farewell;  ///< of one that is asked to end
};

/// A node of the cluster that is or was in use.
struct NodeSlot {
    Node node;
    bool optimise = true;
    NodeUsage earlier;  ///< of incarnations before
    std::optional<EnforcedLimit> limit;
    std::shared_ptr<NodeIncarnation> now;
};

/// Its `ended` where a start was given up.
inline constexpr std::string_view kNotStarted = "did not start";

/// Under the lock of whoever owns the slot.
inline bool runs(const NodeSlot& slot) { return slot.now && slot.now->ended.empty() && !slot.now->ending; }

}  // namespace carbonedge
