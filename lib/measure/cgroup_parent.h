#pragma once

#include "lib/measure/cgroup_tree.h"

#include <string>
#include <vector>

namespace carbonedge {

enum class CgroupVersion { kNone, kV1, kV2 };

/// Directories in which a group of ours may be made.
struct CgroupParents {
    CgroupVersion version = CgroupVersion::kNone;
    struct Controller {
        std::string name;    ///< "cpu", "cpuacct", "memory"; "" in version 2, which has one hierarchy
        std::string parent;  ///< absolute path
    };
    std::vector<Controller> controllers;  ///< version 1: those that are mounted, a hierarchy mounted for two once
    std::string problem;                  ///< for kNone: why, and what helps
};

/// Our own group where it can have children, so that limits over us hold over them too; in version 2, where a group
/// with processes cannot hand controllers down, the nearest ancestor that does. Asks version 2 to enable `cpu` and
/// `memory` where it may; has no other effect.
CgroupParents find_cgroup_parents(const CgroupSite& site);

/// The path after "N:...,controller,...:" in /proc/self/cgroup, "" where there is none; version 2 is controller "".
std::string own_group_path(const std::string& own_groups, const std::string& controller);

}  // namespace carbonedge
