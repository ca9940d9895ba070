#include "lib/measure/cpu_limit.h"

#include "lib/base/errors.h"
#include "lib/measure/cgroup_parent.h"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <sstream>
#include <thread>

namespace carbonedge {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kShortestPeriod = 1ms;  // the kernel's own bounds of a period and least quota
constexpr Nanoseconds kLongestPeriod = 1s;
constexpr std::int64_t kLeastQuotaMicroseconds = 1000;

std::int64_t microseconds(Nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::int64_t quota_microseconds(const ResourceLimit& limit) {
    return std::llround(limit.cpus * static_cast<double>(microseconds(limit.quota_period)));
}

void check(const ResourceLimit& limit) {
    if (limit.cpus < 0 || !std::isfinite(limit.cpus)) throw UsageError("a cpu limit cannot be negative");
    if (limit.cpus == 0) return;
    if (limit.quota_period < kShortestPeriod || limit.quota_period > kLongestPeriod) {
        throw UsageError(
            fmt::format("a quota period of {} us is outside the kernel's 1ms to 1s", microseconds(limit.quota_period)));
    }
    if (quota_microseconds(limit) < kLeastQuotaMicroseconds) {
        throw UsageError(
            fmt::format("{} cpus are less than 1 ms in each period of {} us, the kernel's least; use a longer "
                        "quota period or more cpus",
                        limit.cpus, microseconds(limit.quota_period)));
    }
}

/// The number after `key` in a file of "key number" lines; 0 where it is not there.
std::int64_t counter(const std::string& text, const std::string& key) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string name;
        std::int64_t value = 0;
        if (words >> name >> value && name == key) return value;
    }
    return 0;
}

std::int64_t first_number(const std::string& text) {
    std::istringstream words(text);
    std::int64_t value = 0;
    words >> value;
    return value;
}

}  // namespace

struct LimitGroup::State {
    struct Directory {
        std::string controller;  ///< "" in version 2
        std::string parent;
        std::string path;
    };

    CgroupSite site;
    CgroupVersion version = CgroupVersion::kNone;
    std::vector<Directory> directories;
    bool enforced = false;
    std::string mechanism;

    ~State() { remove(); }

    [[nodiscard]] const Directory* find(const std::string& controller) const {
        for (const Directory& directory : directories) {
            if (directory.controller == controller || directory.controller.empty()) return &directory;
        }
        // cpuacct mounted together with cpu has no directory of its own.
        return controller == "cpuacct" ? find("cpu") : nullptr;
    }

    [[nodiscard]] std::string text(const std::string& controller, const std::string& file) const {
        const Directory* directory = enforced ? find(controller) : nullptr;
        return directory == nullptr ? "" : site.tree->read(directory->path + "/" + file).value_or("");
    }

    [[nodiscard]] static std::vector<int> pids(const std::string& text) {
        std::istringstream words(text);
        std::vector<int> found;
        int pid = 0;
        while (words >> pid) found.push_back(pid);
        return found;
    }

    /// Makes the groups; the first failure undoes them and is told.
    bool make(const CgroupParents& parents, const std::string& name) {
        for (const CgroupParents::Controller& controller : parents.controllers) {
            remove_abandoned(controller.parent);
            const std::string path = controller.parent + "/" + name;
            const int problem = site.tree->make_directory(path);
            if (problem != 0) return fail("make the group", path, problem);
            directories.push_back({controller.name, controller.parent, path});
        }
        return true;
    }

    bool set(const std::string& controller, const std::string& file, const std::string& value) {
        const Directory* directory = find(controller);
        if (directory == nullptr) {
            remove();
            mechanism = fmt::format("the {} controller is not mounted; mount it under {}", controller, site.mount);
            return false;
        }
        const std::string path = directory->path + "/" + file;
        const int problem = site.tree->write(path, value);
        return problem == 0 || fail(fmt::format("write {} to", value), path, problem);
    }

    bool fail(const std::string& action, const std::string& path, int problem) {
        remove();
        mechanism = fmt::format("cannot {} {}: {}; {}", action, path, std::strerror(problem),
                                problem == EACCES || problem == EPERM || problem == EROFS
                                    ? "run it as root or with a delegated control group"
                                    : "see docs/measuring.md, limits");
        return false;
    }

    bool limit_version_1(const ResourceLimit& limit) {
        if (limit.cpus > 0) {
            if (!set("cpu", "cpu.cfs_period_us", std::to_string(microseconds(limit.quota_period)))) return false;
            if (!set("cpu", "cpu.cfs_quota_us", std::to_string(quota_microseconds(limit)))) return false;
        }
        if (limit.memory.value() > 0) {
            const std::string bytes = std::to_string(limit.memory.value());
            if (!set("memory", "memory.limit_in_bytes", bytes)) return false;
            // Where swap is accounted it must not take what memory may not.
            site.tree->write(find("memory")->path + "/memory.memsw.limit_in_bytes", bytes);
        }
        mechanism = "cgroup-v1";
        return true;
    }

    bool limit_version_2(const ResourceLimit& limit) {
        if (limit.cpus > 0) {
            const std::string quota = fmt::format("{} {}", quota_microseconds(limit), microseconds(limit.quota_period));
            if (!set("", "cpu.max", quota)) return false;
        }
        if (limit.memory.value() > 0) {
            if (!set("", "memory.max", std::to_string(limit.memory.value()))) return false;
            site.tree->write(find("")->path + "/memory.swap.max", "0");
        }
        mechanism = "cgroup-v2";
        return true;
    }

    /// Groups of programs that were killed before they could clean up. Only empty ones go: rmdir refuses the others.
    void remove_abandoned(const std::string& parent) const;

    /// Kills what still runs inside and removes the directories. A process needs a moment to leave after SIGKILL, so
    /// this tries for up to two seconds.
    void remove() {
        for (const Directory& directory : directories) {
            for (int attempt = 0; attempt < 2000; ++attempt) {
                evict(directory);
                const int problem = site.tree->remove_directory(directory.path);
                if (problem != EBUSY) break;
                std::this_thread::sleep_for(1ms);
            }
        }
        directories.clear();
        enforced = false;
    }

    void evict(const Directory& directory) const {
        for (const int pid : pids(site.tree->read(directory.path + "/cgroup.procs").value_or(""))) {
            if (pid == site.own_pid) {
                site.tree->write(directory.parent + "/cgroup.procs", std::to_string(pid));
            } else if (pid > 0) {
                site.tree->kill_process(pid);
            }
        }
    }
};

void LimitGroup::State::remove_abandoned(const std::string& parent) const {
    for (const std::string& name : site.tree->children(parent)) {
        if (!name.starts_with("carbonedge-")) continue;
        const std::size_t end = name.rfind('-');
        const std::size_t start = name.rfind('-', end - 1);
        if (start == std::string::npos) continue;
        const std::int64_t owner = first_number(name.substr(start + 1, end - start - 1));
        if (owner > 0 && !site.tree->process_exists(static_cast<int>(owner))) {
            site.tree->remove_directory(parent + "/" + name);
        }
    }
}

LimitGroup::LimitGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
LimitGroup::LimitGroup(LimitGroup&&) noexcept = default;
LimitGroup& LimitGroup::operator=(LimitGroup&&) noexcept = default;
LimitGroup::~LimitGroup() = default;

LimitGroup LimitGroup::create(const std::string& name, const ResourceLimit& limit) {
    return create(name, limit, system_cgroup_site());
}

LimitGroup LimitGroup::create(const std::string& name, const ResourceLimit& limit, const CgroupSite& site) {
    static std::atomic<unsigned> serial{0};
    check(limit);
    auto state = std::make_unique<State>();
    state->site = site;
    const CgroupParents parents = find_cgroup_parents(site);
    state->version = parents.version;
    state->mechanism = parents.problem;
    if (parents.version != CgroupVersion::kNone) {
        const std::string unique = fmt::format("carbonedge-{}-{}-{}", name, site.own_pid, serial++);
        state->enforced =
            state->make(parents, unique) &&
            (parents.version == CgroupVersion::kV1 ? state->limit_version_1(limit) : state->limit_version_2(limit));
    }
    return LimitGroup(std::move(state));
}

bool LimitGroup::enforced() const { return state_->enforced; }
const std::string& LimitGroup::mechanism() const { return state_->mechanism; }

void LimitGroup::add_process(int pid) const {
    if (!state_->enforced) return;
    for (const State::Directory& directory : state_->directories) {
        const int problem = state_->site.tree->write(directory.path + "/cgroup.procs", std::to_string(pid));
        if (problem != 0) {
            throw EnvironmentError(
                fmt::format("cannot move process {} into {}: {}", pid, directory.path, std::strerror(problem)),
                "run it as root or with a delegated control group");
        }
    }
}

Nanoseconds LimitGroup::cpu_time() const {
    if (state_->version == CgroupVersion::kV2) {
        return std::chrono::microseconds(counter(state_->text("", "cpu.stat"), "usage_usec"));
    }
    return Nanoseconds(first_number(state_->text("cpuacct", "cpuacct.usage")));
}

Nanoseconds LimitGroup::throttled_time() const {
    const std::string text = state_->text("cpu", "cpu.stat");
    if (state_->version == CgroupVersion::kV2) return std::chrono::microseconds(counter(text, "throttled_usec"));
    return Nanoseconds(counter(text, "throttled_time"));
}

std::int64_t LimitGroup::throttled_periods() const { return counter(state_->text("cpu", "cpu.stat"), "nr_throttled"); }

Bytes LimitGroup::peak_memory() const {
    const bool v2 = state_->version == CgroupVersion::kV2;
    return Bytes(first_number(state_->text("memory", v2 ? "memory.peak" : "memory.max_usage_in_bytes")));
}

std::int64_t LimitGroup::out_of_memory_kills() const {
    const bool v2 = state_->version == CgroupVersion::kV2;
    return counter(state_->text("memory", v2 ? "memory.events" : "memory.oom_control"), "oom_kill");
}

std::vector<int> LimitGroup::processes() const {
    const State::Directory* directory = state_->directories.empty() ? nullptr : &state_->directories.front();
    if (directory == nullptr) return {};
    return State::pids(state_->site.tree->read(directory->path + "/cgroup.procs").value_or(""));
}

}  // namespace carbonedge
