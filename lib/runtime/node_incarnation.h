#pragma once

#include "lib/cluster/cluster.h"
#include "lib/measure/cpu_limit.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/node_child.h"

#include <atomic>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace carbonedge {

/// A node's process from its start to its end.
struct NodeIncarnation {
    std::string inference_address;
    std::string tensors_address;
    std::map<std::string, LoadedStageSpecs> stages;
    std::int64_t out_of_memory_before = 0;
    std::string ended;                ///< why, once it has
    std::atomic<bool> ending{false};  ///< it is asked to
    std::atomic<bool> serves{false};  ///< a route has gone through it
    std::unique_ptr<NodeChild> process;
    std::unique_ptr<ControlClient> control;
    std::unique_ptr<ChildWatch> watch;
    std::jthread pulse;
    std::future<void> farewell;  ///< of one that is asked to end
};

/// A node under its limits, whatever runs in it.
struct LimitedNode {
    Node node;
    bool optimise = true;
    LimitGroup group;
    Nanoseconds earlier_cpu{0};  ///< of incarnations before
    std::shared_ptr<NodeIncarnation> now;
};

}  // namespace carbonedge
