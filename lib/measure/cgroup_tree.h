#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace carbonedge {

/// The few file operations that control groups take. A seam, so that the rules of both cgroup versions can be tested
/// on any machine; paths are absolute.
class CgroupTree {
public:
    virtual ~CgroupTree() = default;
    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
    [[nodiscard]] virtual std::optional<std::string> read(const std::string& path) const = 0;
    /// These return 0 or an errno value. `write` never creates a file: the kernel makes them.
    virtual int write(const std::string& path, const std::string& text) = 0;
    virtual int make_directory(const std::string& path) = 0;
    virtual int remove_directory(const std::string& path) = 0;
    /// Names of the directories in it.
    [[nodiscard]] virtual std::vector<std::string> children(const std::string& path) const = 0;
    [[nodiscard]] virtual bool process_exists(int pid) const = 0;
    /// SIGKILL; a seam as well, since a fake tree holds fake processes.
    virtual void kill_process(int pid) = 0;
};

/// The kernel's own tree.
std::shared_ptr<CgroupTree> system_cgroup_tree();

/// Where this process stands in the hierarchy: everything a group's place is decided from.
struct CgroupSite {
    std::shared_ptr<CgroupTree> tree;
    std::string mount = "/sys/fs/cgroup";
    std::string own_groups;  ///< content of /proc/self/cgroup
    int own_pid = 0;
};

CgroupSite system_cgroup_site();

}  // namespace carbonedge
