#include "lib/measure/cgroup_parent.h"

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace carbonedge {
namespace {

bool has_word(const std::string& text, const std::string& word) {
    std::istringstream words(text);
    std::string candidate;
    while (words >> candidate) {
        if (candidate == word) return true;
    }
    return false;
}

/// One line of /proc/self/cgroup, "4:cpu,cpuacct:/user.slice"; no controllers in version 2.
struct Membership {
    std::vector<std::string> controllers;
    std::string path;

    [[nodiscard]] bool has(const std::string& controller) const {
        return std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
    }
};

std::vector<Membership> memberships(const std::string& own_groups) {
    std::vector<Membership> all;
    std::istringstream lines(own_groups);
    std::string line;
    while (std::getline(lines, line)) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        Membership membership;
        membership.path = line.substr(second + 1);
        std::istringstream names(line.substr(first + 1, second - first - 1));
        std::string name;
        while (std::getline(names, name, ',')) membership.controllers.push_back(name);
        all.push_back(std::move(membership));
    }
    return all;
}

/// Version 1 controllers mounted together share a directory under two names; the second name is a link.
bool same_hierarchy(const CgroupSite& site, const std::string& left, const std::string& right) {
    for (const Membership& membership : memberships(site.own_groups)) {
        if (membership.has(left)) return membership.has(right);
    }
    return false;
}

std::string below(const std::string& mount, const std::string& path) {
    return path.empty() || path == "/" ? mount : mount + path;
}

/// Inside a container /proc may tell the path on the host, which is not there; the mount's root is ours then.
std::string existing_group(const CgroupSite& site, const std::string& mount, const std::string& path) {
    const std::string group = below(mount, path);
    return site.tree->exists(group) ? group : mount;
}

CgroupParents version_1(const CgroupSite& site) {
    CgroupParents parents;
    parents.version = CgroupVersion::kV1;
    for (const std::string name : {"cpu", "cpuacct", "memory"}) {
        const std::string mount = site.mount + "/" + name;
        if (!site.tree->exists(mount + "/cgroup.procs")) continue;
        if (name == "cpuacct" && same_hierarchy(site, "cpu", "cpuacct")) continue;
        parents.controllers.push_back({name, existing_group(site, mount, own_group_path(site.own_groups, name))});
    }
    return parents;
}

bool hands_down(const CgroupSite& site, const std::string& group) {
    const std::string control = site.tree->read(group + "/cgroup.subtree_control").value_or("");
    return has_word(control, "cpu") && has_word(control, "memory");
}

CgroupParents version_2(const CgroupSite& site) {
    CgroupParents parents;
    std::string path = own_group_path(site.own_groups, "");
    std::string group = existing_group(site, site.mount, path);
    if (group == site.mount) path.clear();
    int last_problem = 0;
    while (true) {
        if (!hands_down(site, group)) {
            last_problem = site.tree->write(group + "/cgroup.subtree_control", "+cpu +memory");
        }
        if (hands_down(site, group)) {
            parents.version = CgroupVersion::kV2;
            parents.controllers.push_back({"", group});
            return parents;
        }
        const std::size_t slash = path.rfind('/');
        if (path.empty() || slash == std::string::npos) break;
        path.erase(slash);
        group = below(site.mount, path);
    }
    const char* remedy = last_problem == EBUSY
                             ? "run it in a group of its own, for example under systemd-run --scope -p Delegate=yes"
                             : "run it as root, or under systemd-run --user --scope -p Delegate=yes";
    parents.problem = fmt::format("cgroup v2 does not hand down cpu and memory here ({}); {}",
                                  last_problem == 0 ? "controllers missing" : std::strerror(last_problem), remedy);
    return parents;
}

}  // namespace

std::string own_group_path(const std::string& own_groups, const std::string& controller) {
    for (const Membership& membership : memberships(own_groups)) {
        if (controller.empty() ? membership.controllers.empty() : membership.has(controller)) return membership.path;
    }
    return "";
}

CgroupParents find_cgroup_parents(const CgroupSite& site) {
    if (site.tree->exists(site.mount + "/cgroup.controllers")) return version_2(site);
    CgroupParents parents = version_1(site);
    if (parents.controllers.empty()) {
        parents.version = CgroupVersion::kNone;
        parents.problem = fmt::format("no control groups under {}; mount them, or use a container engine", site.mount);
    }
    return parents;
}

}  // namespace carbonedge
