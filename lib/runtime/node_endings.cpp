#include "lib/runtime/node_endings.h"

namespace carbonedge {

void NodeEndings::tell(const std::string& id, const std::string& how) {
    const std::lock_guard calling(calling_);
    StartedNode::OnEnd hear;
    {
        const std::lock_guard lock(mutex_);
        Ending& ending = endings_[id];
        if (ending.how) return;
        ending.how = how;
        hear = std::move(ending.hear);
        told_.notify_all();
    }
    if (hear) hear(how);
}

void NodeEndings::hear(const std::string& id, StartedNode::OnEnd hear) {
    const std::lock_guard calling(calling_);
    std::optional<std::string> how;
    {
        const std::lock_guard lock(mutex_);
        Ending& ending = endings_[id];
        how = ending.how;
        if (!how) ending.hear = std::move(hear);
    }
    if (how) hear(*how);
}

void NodeEndings::forget(const std::string& id) {
    const std::lock_guard calling(calling_);
    const std::lock_guard lock(mutex_);
    endings_[id].hear = nullptr;
}

std::optional<std::string> NodeEndings::wait(const std::string& id, Nanoseconds timeout) const {
    std::unique_lock lock(mutex_);
    std::optional<std::string> how;
    told_.wait_for(lock, timeout, [&] {
        const auto found = endings_.find(id);
        if (found != endings_.end()) how = found->second.how;
        return how.has_value();
    });
    return how;
}

}  // namespace carbonedge
