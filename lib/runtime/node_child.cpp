#include "lib/runtime/node_child.h"

#include "lib/base/errors.h"
#include "lib/runtime/confinement.h"
#include "lib/transport/clocks.h"
#include "lib/units/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace carbonedge {
namespace {

struct Pipe {
    Descriptor read;
    Descriptor write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw EnvironmentError(fmt::format("cannot make a pipe: {}", std::strerror(errno)),
                               "raise the limit of open files (ulimit -n)");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (std::string& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

/// What the program needs to start, and nothing else of the user's.
std::optional<Confinement> confinement_of(const Program& program) {
    if (program.home.empty()) return std::nullopt;
    AllowedFiles files{program.home, library_directories()};
    files.readable.push_back(std::filesystem::absolute(program.path).parent_path().string());
    constexpr std::string_view kLibraryPath = "LD_LIBRARY_PATH=";
    for (const std::string& setting : program.environment) {
        if (!setting.starts_with(kLibraryPath)) continue;
        std::istringstream directories(setting.substr(kLibraryPath.size()));
        for (std::string directory; std::getline(directories, directory, ':');) files.readable.push_back(directory);
    }
    return Confinement(files);
}

/// Runs between fork and exec, so it may only call what is safe in a copy of a process with many threads.
[[noreturn]] void become(char* const* arguments, char* const* environment, const Confinement* confinement, int output,
                         int gate, int parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    char opened = 0;
    while (::read(gate, &opened, 1) < 0 && errno == EINTR) {
    }
    // A model is a program of somebody else's.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 || (confinement != nullptr && !confinement->apply())) {
        constexpr std::string_view kProblem = "carbonedge: the kernel refuses to take rights from a node\n";
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kProblem.data(), kProblem.size());
        ::_exit(126);
    }
    if (opened == 1) ::execve(arguments[0], arguments, environment);
    ::_exit(127);
}

std::string ending_text(int status) {
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return fmt::format("was killed by signal {} ({})", number, ::sigdescr_np(number));
    }
    return fmt::format("exited with status {}", WEXITSTATUS(status));
}

int milliseconds(Nanoseconds time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(std::max(time, Nanoseconds(0))).count());
}

}  // namespace

NodeChild::NodeChild(const Program& program, const LimitGroup& group) {
    if (::access(program.path.c_str(), X_OK) != 0) {
        throw EnvironmentError(fmt::format("cannot execute {}: {}", program.path, std::strerror(errno)),
                               "give the path of carbonedge-node with --node-program");
    }
    std::vector<std::string> arguments{program.path};
    arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
    std::vector<std::string> environment = program.environment;
    const std::vector<char*> argument_pointers = pointers(arguments);
    const std::vector<char*> environment_pointers = pointers(environment);
    const std::optional<Confinement> confinement = confinement_of(program);
    Pipe output = make_pipe();
    Pipe gate = make_pipe();
    const int parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) {
        throw EnvironmentError(fmt::format("cannot start {}: {}", program.path, std::strerror(errno)),
                               "raise the limit of processes (ulimit -u)");
    }
    if (pid_ == 0) {
        become(argument_pointers.data(), environment_pointers.data(), confinement ? &*confinement : nullptr,
               output.write.number(), gate.read.number(), parent);
    }
    pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    output_ = std::move(output.read);
    try {
        group.add_process(pid_);
    } catch (...) {
        kill();
        wait(std::chrono::seconds(10));
        throw;
    }
    const char open = 1;
    if (::write(gate.write.number(), &open, 1) != 1) kill();
}

NodeChild::~NodeChild() {
    kill();
    wait(std::chrono::seconds(10));
}

std::string NodeChild::read_line(Nanoseconds timeout, const std::stop_token& stop) {
    const Nanoseconds deadline = now_monotonic() + timeout;
    const Descriptor wake(::eventfd(0, EFD_CLOEXEC));
    const std::stop_callback on_stop(stop, [&wake] { ::eventfd_write(wake.number(), 1); });
    while (true) {
        const std::size_t end = unread_.find('\n');
        if (end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        std::array<pollfd, 2> waits{{{output_.number(), POLLIN, 0}, {wake.number(), POLLIN, 0}}};
        const int ready = ::poll(waits.data(), waits.size(), milliseconds(deadline - now_monotonic()));
        if (stop.stop_requested()) throw Interrupted();
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            throw EnvironmentError(fmt::format("no answer within {}", duration_text(to_seconds(timeout))),
                                   "raise --start-timeout");
        }
        std::array<char, 4096> part{};
        const ssize_t came = ::read(output_.number(), part.data(), part.size());
        if (came <= 0) {
            const std::optional<std::string> how = wait(std::chrono::seconds(1));
            throw EnvironmentError(how.value_or("closed its output"), "see its message above");
        }
        unread_.append(part.data(), static_cast<std::size_t>(came));
    }
}

std::optional<std::string> NodeChild::wait(Nanoseconds timeout) {
    const std::lock_guard lock(reaping_);
    if (ending_) return ending_;
    pollfd waits{pidfd_.number(), POLLIN, 0};
    const Nanoseconds deadline = now_monotonic() + timeout;
    while (::poll(&waits, 1, milliseconds(deadline - now_monotonic())) < 0 && errno == EINTR) {
    }
    int status = 0;
    rusage used{};
    if (::wait4(pid_, &status, WNOHANG, &used) == pid_) {
        ending_ = ending_text(status);
        const auto time = [](const timeval& part) {
            return std::chrono::seconds(part.tv_sec) + std::chrono::microseconds(part.tv_usec);
        };
        final_cpu_time_ = time(used.ru_utime) + time(used.ru_stime);
    }
    return ending_;
}

void NodeChild::kill() {
    if (pidfd_.open()) ::syscall(SYS_pidfd_send_signal, pidfd_.number(), SIGKILL, nullptr, 0);
}

Nanoseconds NodeChild::cpu_time() const {
    const std::lock_guard lock(reaping_);
    if (ending_) return final_cpu_time_;
    clockid_t clock{};
    if (::clock_getcpuclockid(pid_, &clock) != 0) return Nanoseconds(0);
    return read_clock(clock);
}

Bytes NodeChild::peak_memory() const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string key; status >> key;) {
        std::int64_t kibibytes = 0;
        if (key == "VmHWM:" && status >> kibibytes) return Bytes(kibibytes * 1024);
        std::getline(status, key);
    }
    return Bytes(0);
}

ChildWatch::ChildWatch(const std::vector<int>& pidfds, OnEnd on_end) : wake_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::jthread([this, pidfds, report = std::move(on_end)](const std::stop_token& stop) {
        std::vector<pollfd> waits{{wake_.number(), POLLIN, 0}};
        for (const int pidfd : pidfds) waits.push_back({pidfd, POLLIN, 0});
        while (!stop.stop_requested()) {
            if (::poll(waits.data(), waits.size(), -1) < 0) continue;
            for (std::size_t i = 1; i < waits.size() && !stop.stop_requested(); ++i) {
                if (waits[i].fd < 0 || waits[i].revents == 0) continue;
                waits[i].fd = -1;  // poll passes it over from now on
                report(i - 1);
            }
        }
    });
}

ChildWatch::~ChildWatch() {
    thread_.request_stop();
    ::eventfd_write(wake_.number(), 1);
    thread_.join();
}

}  // namespace carbonedge
