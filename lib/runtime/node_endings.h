#pragma once

#include "lib/runtime/node_host.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace carbonedge {

/// How nodes ended, as one thread of their host hears it, and who wants to know. What nobody has asked for yet is kept.
class NodeEndings {
public:
    /// The first word on it counts.
    void tell(const std::string& id, const std::string& how);
    /// Calls back once, in this thread where it has ended already.
    void hear(const std::string& id, StartedNode::OnEnd hear);
    /// Once this returns nobody is called back.
    void forget(const std::string& id);
    std::optional<std::string> wait(const std::string& id, Nanoseconds timeout) const;

private:
    struct Ending {
        std::optional<std::string> how;
        StartedNode::OnEnd hear;
    };
    std::mutex calling_;  ///< taken before the other, and held during calls
    mutable std::mutex mutex_;
    mutable std::condition_variable told_;
    std::map<std::string, Ending> endings_;
};

}  // namespace carbonedge
