#include "lib/measure/child_process.h"

#include "lib/base/errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace carbonedge {
namespace {

constexpr int kCannotExecute = 127;

std::atomic<pid_t> forward_to{0};

void forward_signal(int signal) {
    const pid_t child = forward_to.load();
    if (child > 0) ::kill(child, signal);
}

class SignalForwarding {
public:
    explicit SignalForwarding(pid_t child) {
        forward_to = child;
        struct sigaction action {};
        action.sa_handler = forward_signal;
        action.sa_flags = SA_RESTART;
        ::sigaction(SIGINT, &action, &interrupt_);
        ::sigaction(SIGTERM, &action, &terminate_);
    }
    ~SignalForwarding() {
        ::sigaction(SIGINT, &interrupt_, nullptr);
        ::sigaction(SIGTERM, &terminate_, nullptr);
        forward_to = 0;
    }
    SignalForwarding(const SignalForwarding&) = delete;
    SignalForwarding& operator=(const SignalForwarding&) = delete;

private:
    struct sigaction interrupt_ {};
    struct sigaction terminate_ {};
};

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
            throw EnvironmentError(fmt::format("cannot make a pipe: {}", std::strerror(errno)), "close some files");
        }
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    [[nodiscard]] int read_end() const { return ends_[0]; }
    [[nodiscard]] int write_end() const { return ends_[1]; }
    void close_read() { shut(ends_[0]); }
    void close_write() { shut(ends_[1]); }

private:
    static void shut(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

/// After fork() in a program with threads: async-signal-safe calls only.
[[noreturn]] void become(char* const* arguments, int gate, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotExecute);
    char byte = 0;
    while (::read(gate, &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == 0) ::_exit(kCannotExecute);
    if (output >= 0) ::dup2(output, STDOUT_FILENO);
    ::execv(arguments[0], arguments);
    ::_exit(kCannotExecute);
}

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
        if (count == 0 || (count < 0 && errno != EINTR)) return text;
    }
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const LimitGroup* group, bool capture_output) {
    std::vector<std::string> texts = arguments;
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);

    Pipe gate;
    Pipe output;
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        throw EnvironmentError(fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)),
                               "end some processes");
    }
    if (child == 0) {
        ::close(gate.write_end());
        become(pointers.data(), gate.read_end(), capture_output ? output.write_end() : -1, parent);
    }
    const SignalForwarding forwarding(child);
    output.close_write();
    ChildResult result;
    try {
        if (group != nullptr) group->add_process(child);
    } catch (...) {
        gate.close_write();
        ::waitpid(child, nullptr, 0);
        throw;
    }
    const ssize_t opened = ::write(gate.write_end(), "x", 1);
    gate.close_write();
    if (opened == 1 && capture_output) result.output = read_all(output.read_end());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (result.exit_status == kCannotExecute) {
        throw EnvironmentError(fmt::format("cannot execute {}", arguments[0]),
                               "check that it exists and is executable");
    }
    return result;
}

}  // namespace carbonedge
