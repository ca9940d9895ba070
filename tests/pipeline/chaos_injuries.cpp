#include "tests/pipeline/chaos_injuries.h"

#include "lib/runtime/node_host.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace carbonedge {
namespace {

/// Whether a socket's own or other end is one for tensors: a unix socket of that name, or a container's port.
bool takes_tensors(int descriptor, bool other_end) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    const int result =
        other_end ? ::getpeername(descriptor, address, &size) : ::getsockname(descriptor, address, &size);
    if (result != 0) return false;
    if (storage.ss_family == AF_UNIX) {
        return std::string_view(reinterpret_cast<const sockaddr_un*>(&storage)->sun_path).ends_with(".tensors");
    }
    if (storage.ss_family == AF_INET) {
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port) == kTensorPort;
    }
    return storage.ss_family == AF_INET6 &&
           ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port) == kTensorPort;
}

}  // namespace

bool cut_connection(int process, std::size_t choice) {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    if (pidfd < 0) return false;
    std::vector<int> connections;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd", gone)) {
        const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (!target.starts_with("socket:")) continue;
        const int number = std::stoi(entry.path().filename().string());
        const int ours = static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0));
        if (ours < 0) continue;
        int listening = 0;
        socklen_t size = sizeof(listening);
        ::getsockopt(ours, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
        const bool tensors = takes_tensors(ours, true) || takes_tensors(ours, false);
        if (tensors && listening == 0) {
            connections.push_back(ours);
        } else {
            ::close(ours);
        }
    }
    ::close(pidfd);
    const bool found = !connections.empty();
    if (found) ::shutdown(connections[choice % connections.size()], SHUT_RDWR);
    for (const int connection : connections) ::close(connection);
    return found;
}

namespace {

/// A line for each hierarchy: its number, its controllers and the process's group.
std::vector<std::string> group_lines(const std::string& process) {
    std::vector<std::string> lines;
    std::ifstream file("/proc/" + process + "/cgroup");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

}  // namespace

std::vector<std::string> groups_of(int process) {
    std::vector<std::string> groups;
    const std::vector<std::string> ours = group_lines("self");
    for (const std::string& line : group_lines(std::to_string(process))) {
        if (std::find(ours.begin(), ours.end(), line) != ours.end()) continue;  // not made for it
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        for (const std::string& root : {std::string("/sys/fs/cgroup/") + controllers, std::string("/sys/fs/cgroup"),
                                        std::string("/sys/fs/cgroup/unified")}) {
            if (!std::filesystem::exists(root + path + "/cgroup.procs")) continue;
            groups.push_back(root + path);
            break;
        }
    }
    return groups;
}

bool exhaust_memory(int process, long long limit_bytes) {
    std::string group;
    for (const std::string& candidate : groups_of(process)) {
        if (std::filesystem::exists(candidate + "/memory.max") ||
            std::filesystem::exists(candidate + "/memory.limit_in_bytes"))
            group = candidate;
    }
    if (group.empty()) return false;
    const std::string procs = group + "/cgroup.procs";
    // Sparing oneself needs a privilege, offering another process of the same user does not.
    const std::string preference = "/proc/" + std::to_string(process) + "/oom_score_adj";
    const int hog = ::fork();
    if (hog < 0) return false;
    if (hog == 0) {
        const int score = ::open(preference.c_str(), O_WRONLY);
        const bool spared = score >= 0 && ::write(score, "1000", 4) == 4;
        const int entry = ::open(procs.c_str(), O_WRONLY);
        if (!spared || entry < 0 || ::write(entry, "0", 1) != 1) ::_exit(1);
        // Until the node is killed for it, or there is nothing more to take.
        constexpr long long kStep = 4 << 20;
        for (long long taken = 0; taken < limit_bytes; taken += kStep) {
            if (::syscall(SYS_kill, process, 0) != 0) break;
            void* memory =
                ::mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            if (memory == MAP_FAILED) break;
            std::memset(memory, 1, kStep);
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(hog, &status, 0);
    // The node is gone before its parent has noticed, so that its taker may be next.
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 0;
}

}  // namespace carbonedge
