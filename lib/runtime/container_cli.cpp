#include "lib/runtime/container_cli.h"

#include "lib/base/errors.h"
#include "lib/transport/clocks.h"
#include "lib/transport/descriptor.h"
#include "lib/units/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace carbonedge {
namespace {

constexpr Nanoseconds kForever = Nanoseconds::max();
constexpr int kCannotExecute = 127;

struct Pipe {
    Descriptor read;
    Descriptor write;

    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw EnvironmentError(fmt::format("cannot make a pipe: {}", std::strerror(errno)),
                                   "raise the limit of open files (ulimit -n)");
        }
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
};

/// `program` itself where it has a slash, else the first executable of that name in PATH; "" for none.
std::string find_program(const std::string& program, const std::vector<std::string>& environment) {
    if (program.find('/') != std::string::npos) return program;
    for (const std::string& setting : environment) {
        if (!setting.starts_with("PATH=")) continue;
        std::istringstream folders(setting.substr(5));
        for (std::string folder; std::getline(folders, folder, ':');) {
            const std::string path = folder + "/" + program;
            if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
        }
    }
    return "";
}

/// Between fork and exec: only what is safe in a copy of a process with many threads. In a process group of its own,
/// so that the terminal's Ctrl-C leaves it to us.
[[noreturn]] void become(char* const* arguments, char* const* environment, int out, int err, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotExecute);
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execve(arguments[0], arguments, environment);
    ::_exit(kCannotExecute);
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Adds what can be read; false at the end.
bool read_some(const Descriptor& from, std::string& text) {
    std::array<char, 4096> part{};
    const ssize_t came = ::read(from.number(), part.data(), part.size());
    if (came < 0 && errno == EINTR) return true;
    if (came > 0) text.append(part.data(), static_cast<std::size_t>(came));
    return came > 0;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void hand_out_lines(std::string& text, const std::function<void(const std::string&)>& on_line) {
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        on_line(text.substr(0, end));
        text.erase(0, end + 1);
    }
}

bool holds(const std::string& text, std::initializer_list<const char*> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&text](const char* part) { return text.find(part) != std::string::npos; });
}

/// The line that says most: the last one that is not advice.
std::string telling_line(const std::string& message) {
    std::string told;
    std::istringstream lines(message);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with("See '") || line.starts_with("WARNING")) continue;
        told = line;
    }
    for (const std::string prefix : {"docker: ", "Error response from daemon: ", "Error: "}) {
        if (told.starts_with(prefix)) told.erase(0, prefix.size());
    }
    while (told.ends_with('.')) told.pop_back();
    return told;
}

}  // namespace

ContainerProblem explain_container_error(const std::string& action, const std::string& message) {
    if (holds(message, {"permission denied while trying to connect", "dial unix", "connect: permission denied"})) {
        return {"the container engine does not let this user in",
                "run it as root or as a member of its group (docker), or set DOCKER_HOST"};
    }
    if (holds(message, {"Cannot connect to the Docker daemon", "Is the docker daemon running", "connection refused"})) {
        return {"no container engine answers", "start it (systemctl start docker), or set DOCKER_HOST to where it is"};
    }
    if (holds(message, {"No such image", "Unable to find image", "pull access denied", "image not known"})) {
        return {fmt::format("{}: there is no such image", action),
                "make it with 'make -f Makefile.docker image', or name another with --image"};
    }
    if (holds(message, {"This node is not a swarm manager"})) {
        return {"this machine manages no swarm",
                "'docker swarm init' makes it one, or set DOCKER_HOST to one that does"};
    }
    return {fmt::format("{}: {}", action, telling_line(message)), "try the same by hand to see more"};
}

ContainerCli::ContainerCli(std::string program, std::vector<std::string> environment)
    : program_(std::move(program)), environment_(std::move(environment)) {}

ContainerCli::Outcome ContainerCli::execute(const std::vector<std::string>& arguments, Nanoseconds timeout,
                                            const std::stop_token& stop,
                                            const std::function<void(const std::string&)>& on_line) const {
    if (stop.stop_requested()) throw Interrupted();
    const std::string path = find_program(program_, environment_);
    const EnvironmentError not_there(fmt::format("cannot execute {}", program_),
                                     "install a container engine (docker.io), or name its program with --docker");
    if (path.empty() || ::access(path.c_str(), X_OK) != 0) throw not_there;
    std::vector<std::string> words{path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> settings = environment_;
    const std::vector<char*> argument_pointers = pointers_to(words);
    const std::vector<char*> setting_pointers = pointers_to(settings);

    Pipe out;
    Pipe err;
    const Descriptor wake(::eventfd(0, EFD_CLOEXEC));
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) throw not_there;
    if (child == 0) {
        become(argument_pointers.data(), setting_pointers.data(), out.write.number(), err.write.number(), parent);
    }
    out.write.close();
    err.write.close();
    const std::stop_callback on_stop(stop, [&wake] { ::eventfd_write(wake.number(), 1); });
    const Nanoseconds deadline = timeout == kForever ? kForever : now_monotonic() + timeout;
    Outcome outcome;
    std::array<pollfd, 3> waits{
        {{out.read.number(), POLLIN, 0}, {err.read.number(), POLLIN, 0}, {wake.number(), POLLIN, 0}}};
    bool late = false;
    while (!stop.stop_requested() && !late && (waits[0].fd >= 0 || waits[1].fd >= 0)) {
        int patience = -1;
        if (deadline != kForever) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(std::max(deadline - now_monotonic(), Nanoseconds(0)));
            patience = static_cast<int>(left.count());
        }
        const int ready = ::poll(waits.data(), waits.size(), patience);
        late = ready == 0;
        if (ready <= 0) continue;
        if (waits[0].revents != 0 && !read_some(out.read, outcome.out)) waits[0].fd = -1;
        if (waits[1].revents != 0 && !read_some(err.read, outcome.err)) waits[1].fd = -1;
        if (on_line) hand_out_lines(outcome.out, on_line);
    }
    if (stop.stop_requested() || late) ::kill(child, SIGKILL);
    outcome.status = wait_for(child);
    if (on_line) return outcome;
    if (stop.stop_requested()) throw Interrupted();
    const std::string action = program_ + (arguments.empty() ? "" : " " + arguments.front());
    if (late) {
        throw EnvironmentError(fmt::format("{} did not end within {}", action, duration_text(to_seconds(timeout))),
                               "see whether the container engine is busy, or raise --start-timeout");
    }
    if (outcome.status == kCannotExecute && outcome.err.empty()) throw not_there;
    return outcome;
}

ContainerCli::Outcome ContainerCli::run(const std::vector<std::string>& arguments, Nanoseconds timeout,
                                        const std::stop_token& stop) const {
    return execute(arguments, timeout, stop, nullptr);
}

std::string ContainerCli::ask(const std::vector<std::string>& arguments, Nanoseconds timeout,
                              const std::stop_token& stop) const {
    Outcome outcome = run(arguments, timeout, stop);
    if (outcome.status != 0) {
        const std::string action = program_ + (arguments.empty() ? "" : " " + arguments.front());
        const ContainerProblem problem =
            explain_container_error(action, outcome.err.empty() ? outcome.out : outcome.err);
        throw EnvironmentError(problem.what, problem.remedy);
    }
    while (outcome.out.ends_with('\n')) outcome.out.pop_back();
    return outcome.out;
}

void ContainerCli::follow(const std::vector<std::string>& arguments,
                          const std::function<void(const std::string&)>& on_line, const std::stop_token& stop) const {
    if (!stop.stop_requested()) execute(arguments, kForever, stop, on_line);
}

}  // namespace carbonedge
