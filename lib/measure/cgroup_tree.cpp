#include "lib/measure/cgroup_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace carbonedge {
namespace {

class SystemTree : public CgroupTree {
public:
    [[nodiscard]] bool exists(const std::string& path) const override { return ::access(path.c_str(), F_OK) == 0; }

    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        std::ifstream file(path);
        if (!file) return std::nullopt;
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

    int write(const std::string& path, const std::string& text) override {
        const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor < 0) return errno;
        // One write call a value: the kernel parses each call by itself.
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        const int problem = written < 0 ? errno : 0;
        ::close(descriptor);
        return problem;
    }

    int make_directory(const std::string& path) override { return ::mkdir(path.c_str(), 0755) == 0 ? 0 : errno; }
    int remove_directory(const std::string& path) override { return ::rmdir(path.c_str()) == 0 ? 0 : errno; }
    [[nodiscard]] std::vector<std::string> children(const std::string& path) const override {
        std::vector<std::string> names;
        std::error_code problem;
        for (const auto& entry : std::filesystem::directory_iterator(path, problem)) {
            if (entry.is_directory(problem)) names.push_back(entry.path().filename().string());
        }
        return names;
    }

    [[nodiscard]] bool process_exists(int pid) const override { return ::kill(pid, 0) == 0 || errno != ESRCH; }
    void kill_process(int pid) override { ::kill(pid, SIGKILL); }
};

}  // namespace

std::shared_ptr<CgroupTree> system_cgroup_tree() { return std::make_shared<SystemTree>(); }

CgroupSite system_cgroup_site() {
    CgroupSite site;
    site.tree = system_cgroup_tree();
    site.own_groups = site.tree->read("/proc/self/cgroup").value_or("");
    site.own_pid = ::getpid();
    return site;
}

}  // namespace carbonedge
