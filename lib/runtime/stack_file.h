#pragma once

#include "lib/runtime/node_host.h"

#include <string>
#include <vector>

namespace carbonedge {

/// A node in a stack, and the ports of its host under which it is reached from outside of the overlay network.
struct StackService {
    Node node;
    int control_port = 0;
    int tensor_port = 0;
    bool runs = true;  ///< else it is there, without a task
};

/// The label that a host of the swarm carries (with the value "true") where it may run the node: "carbonedge.green".
std::string placement_label(const std::string& node);

/// The stack as `docker stack deploy` takes it (compose file 3.8): a service a node, placed by label, on one overlay
/// network. A swarm's CPU limits have a period of 100 ms, whatever the node's is.
std::string stack_text(const std::string& run, const std::vector<StackService>& services, Bytes longest_message,
                       const EngineOptions& options);

}  // namespace carbonedge
