#include "tests/unit/measure/fake_cgroup_tree.h"

#include <algorithm>
#include <cerrno>

namespace carbonedge {
namespace {

std::string folder(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string leaf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

void FakeCgroupTree::add_group(const std::string& path) {
    Group group;
    group.files["cgroup.procs"] = "";
    if (version_2) {
        const auto parent = groups.find(folder(path));
        const bool root = parent == groups.end();
        group.files["cgroup.controllers"] = root ? "cpu memory pids" : parent->second.files["cgroup.subtree_control"];
        group.files["cgroup.subtree_control"] = "";
        if (!root && !group.files["cgroup.controllers"].empty()) {
            group.files["cpu.max"] = "max 100000";
            group.files["cpu.stat"] = "usage_usec 7\nnr_throttled 2\nthrottled_usec 5\n";
            group.files["memory.max"] = "max";
            group.files["memory.swap.max"] = "max";
            group.files["memory.peak"] = "4096\n";
            group.files["memory.events"] = "low 0\noom_kill 3\n";
        }
    } else if (path.find("/cpuacct") != std::string::npos || path.find("/cpu,cpuacct") != std::string::npos) {
        group.files["cpuacct.usage"] = "7000\n";
    }
    if (!version_2 && path.find("/cpu") != std::string::npos && path.find("/cpuacct") == std::string::npos) {
        group.files["cpu.cfs_period_us"] = "100000";
        group.files["cpu.cfs_quota_us"] = "-1";
        group.files["cpu.stat"] = "nr_periods 9\nnr_throttled 2\nthrottled_time 5000\n";
    }
    if (!version_2 && path.find("/memory") != std::string::npos) {
        group.files["memory.limit_in_bytes"] = "9223372036854771712";
        group.files["memory.memsw.limit_in_bytes"] = "9223372036854771712";
        group.files["memory.max_usage_in_bytes"] = "4096\n";
        group.files["memory.oom_control"] = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
    }
    groups[path] = std::move(group);
}

bool FakeCgroupTree::exists(const std::string& path) const { return groups.contains(path) || read(path).has_value(); }

std::optional<std::string> FakeCgroupTree::read(const std::string& path) const {
    const auto group = groups.find(folder(path));
    if (group == groups.end()) return std::nullopt;
    const auto file = group->second.files.find(leaf(path));
    if (file == group->second.files.end()) return std::nullopt;
    if (leaf(path) != "cgroup.procs") return file->second;
    std::string text;
    for (const int pid : group->second.processes) text += std::to_string(pid) + "\n";
    return text;
}

int FakeCgroupTree::write(const std::string& path, const std::string& text) {
    if (refused.contains(path)) return EACCES;
    const auto group = groups.find(folder(path));
    if (group == groups.end() || !group->second.files.contains(leaf(path))) return ENOENT;
    if (leaf(path) == "cgroup.procs") {
        // A process is in one group of each hierarchy; version 1 has one a controller, "/cg/cpu/...".
        const std::string hierarchy = path.substr(0, path.find('/', version_2 ? 1 : path.find('/', 1) + 1)) + "/";
        for (auto& [name, other] : groups) {
            if ((name + "/").starts_with(hierarchy)) other.processes.erase(std::stoi(text));
        }
        group->second.processes.insert(std::stoi(text));
        return 0;
    }
    if (leaf(path) == "cgroup.subtree_control") return hand_down(folder(path), text);
    group->second.files[leaf(path)] = text;
    return 0;
}

int FakeCgroupTree::hand_down(const std::string& path, const std::string& text) {
    Group& group = groups.at(path);
    if (group.files["cgroup.controllers"].find("cpu memory") == std::string::npos) return ENOENT;
    const bool root = !groups.contains(folder(path));
    if (!root && !group.processes.empty()) return EBUSY;
    group.files["cgroup.subtree_control"] = text == "+cpu +memory" ? "cpu memory" : text;
    return 0;
}

int FakeCgroupTree::make_directory(const std::string& path) {
    if (refused.contains(path) || refused.contains(folder(path))) return EACCES;
    if (!groups.contains(folder(path))) return ENOENT;
    if (groups.contains(path)) return EEXIST;
    add_group(path);
    return 0;
}

int FakeCgroupTree::remove_directory(const std::string& path) {
    const auto group = groups.find(path);
    if (group == groups.end()) return ENOENT;
    if (!group->second.processes.empty()) return EBUSY;
    groups.erase(group);
    return 0;
}

std::vector<std::string> FakeCgroupTree::children(const std::string& path) const {
    std::vector<std::string> names;
    for (const auto& [name, group] : groups) {
        if (folder(name) == path) names.push_back(leaf(name));
    }
    return names;
}

bool FakeCgroupTree::process_exists(int pid) const { return living.contains(pid); }

void FakeCgroupTree::kill_process(int pid) {
    killed.push_back(pid);
    if (unkillable) return;
    for (auto& [name, group] : groups) group.processes.erase(pid);
}

}  // namespace carbonedge
