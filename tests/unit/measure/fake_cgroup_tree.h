#pragma once

#include "lib/measure/cgroup_tree.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace carbonedge {

/// A kernel in memory: files appear with their directory, a group with processes does not go away, and in version 2 a
/// group that has processes cannot hand controllers down.
class FakeCgroupTree : public CgroupTree {
public:
    struct Group {
        std::map<std::string, std::string> files;
        std::set<int> processes;
    };

    std::map<std::string, Group> groups;
    std::set<std::string> refused;  ///< paths that answer EACCES
    std::set<int> living;           ///< processes there are outside of groups
    std::vector<int> killed;
    bool unkillable = false;
    bool version_2 = false;

    void add_group(const std::string& path);

    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override;
    int write(const std::string& path, const std::string& text) override;
    int make_directory(const std::string& path) override;
    int remove_directory(const std::string& path) override;
    [[nodiscard]] std::vector<std::string> children(const std::string& path) const override;
    [[nodiscard]] bool process_exists(int pid) const override;
    void kill_process(int pid) override;

private:
    int hand_down(const std::string& group, const std::string& text);
};

}  // namespace carbonedge
