#include "tools/profile/limited_run.h"

#include "lib/measure/child_process.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <csignal>

namespace carbonedge {

std::optional<ResourceLimit> requested_limit(const ProfileOptions& options) {
    if (options.cpus == 0 && options.memory.value() == 0) return std::nullopt;
    return ResourceLimit{options.cpus, options.quota_period, options.memory};
}

LimitedRun run_under_limit(const ResourceLimit& limit, const std::vector<std::string>& words,
                           const std::string& scratch) {
    const LimitGroup group = LimitGroup::create("profile", limit);
    if (!group.enforced()) return {false, group.mechanism(), ExitStatus::kOk};
    std::vector<std::string> inside{"/proc/self/exe", "--joined-limit", group.mechanism(), "--scratch", scratch};
    inside.insert(inside.end(), words.begin() + 1, words.end());
    const ChildResult child = run_child(inside, &group, false);
    if (child.signal == SIGKILL && group.out_of_memory_kills() > 0) {
        throw EnvironmentError(fmt::format("the model does not fit into {} of memory", bytes_text(limit.memory)),
                               "raise --memory");
    }
    if (child.signal == SIGINT || child.signal == SIGTERM) throw Interrupted();
    return {true, group.mechanism(), static_cast<ExitStatus>(child.exit_status)};
}

}  // namespace carbonedge
