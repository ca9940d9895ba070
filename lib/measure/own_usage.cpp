#include "lib/measure/own_usage.h"

#include "lib/measure/cgroup_parent.h"

#include <fstream>
#include <sstream>

namespace carbonedge {
namespace {

/// What version 1 says where there is no limit: the largest number of pages, whatever their size.
constexpr std::int64_t kNoMemoryLimit = std::int64_t{1} << 60;

/// The number after `key` in lines of "key number"; of the first word where `key` is ""; 0 where there is none.
std::int64_t number(const std::string& text, const std::string& key = "") {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        std::int64_t value = 0;
        if (!key.empty() && (!(words >> name) || name != key)) continue;
        if (words >> value) return value;
    }
    return 0;
}

class OwnGroup {
public:
    OwnGroup(const CgroupSite& site, const std::string& controller) : site_(site) {
        const std::string mount = controller.empty() ? site.mount : site.mount + "/" + controller;
        // Inside a container /proc may tell the path on the host, which is not there; the mount's root is ours then.
        const std::string path = mount + own_group_path(site.own_groups, controller);
        path_ = site.tree->exists(path) ? path : mount;
    }
    [[nodiscard]] std::string text(const std::string& file) const {
        return site_.tree->read(path_ + "/" + file).value_or("");
    }

private:
    const CgroupSite& site_;
    std::string path_;
};

Bytes largest_resident_size() {
    std::ifstream status("/proc/self/status");
    std::ostringstream text;
    text << status.rdbuf();
    return Bytes(number(text.str(), "VmHWM:") * 1024);
}

void read_version_1(const CgroupSite& site, OwnUsage& usage) {
    const OwnGroup cpu(site, "cpu");
    const OwnGroup memory(site, "memory");
    usage.mechanism = "cgroup-v1";
    usage.throttled = Nanoseconds(number(cpu.text("cpu.stat"), "throttled_time"));
    usage.peak_memory = Bytes(number(memory.text("memory.max_usage_in_bytes")));
    const std::int64_t quota = number(cpu.text("cpu.cfs_quota_us"));
    const std::int64_t period = number(cpu.text("cpu.cfs_period_us"));
    if (quota > 0 && period > 0) usage.limit_cpus = static_cast<double>(quota) / static_cast<double>(period);
    const std::int64_t most = number(memory.text("memory.limit_in_bytes"));
    if (most < kNoMemoryLimit) usage.limit_memory = Bytes(most);
}

void read_version_2(const CgroupSite& site, OwnUsage& usage) {
    const OwnGroup group(site, "");
    usage.mechanism = "cgroup-v2";
    usage.throttled = std::chrono::microseconds(number(group.text("cpu.stat"), "throttled_usec"));
    usage.peak_memory = Bytes(number(group.text("memory.peak")));
    std::istringstream most(group.text("cpu.max"));  // "40000 100000" or "max 100000"
    std::int64_t quota = 0;
    std::int64_t period = 0;
    if (most >> quota >> period && period > 0) {
        usage.limit_cpus = static_cast<double>(quota) / static_cast<double>(period);
    }
    usage.limit_memory = Bytes(number(group.text("memory.max")));
}

}  // namespace

OwnUsage read_own_usage(const CgroupSite& site) {
    OwnUsage usage;
    if (site.tree->exists(site.mount + "/cgroup.controllers")) {
        read_version_2(site, usage);
    } else if (site.tree->exists(site.mount + "/cpu") && site.tree->exists(site.mount + "/memory")) {
        read_version_1(site, usage);
    }
    if (usage.peak_memory.value() == 0) usage.peak_memory = largest_resident_size();
    return usage;
}

}  // namespace carbonedge
