#include "lib/measure/sensors/line_source.h"

#include "lib/base/errors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

namespace carbonedge {
namespace {

/// A line longer than this is none of ours; what came is dropped up to its end.
constexpr std::size_t kLongestLine = 65536;
constexpr auto kFollowPause = std::chrono::milliseconds(5);

class DescriptorLines : public LineSource {
public:
    DescriptorLines(int descriptor, std::string name, bool follow)
        : descriptor_(descriptor), name_(std::move(name)), follow_(follow) {}
    DescriptorLines(const DescriptorLines&) = delete;
    DescriptorLines& operator=(const DescriptorLines&) = delete;
    ~DescriptorLines() override {
        if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
    }

    std::variant<std::string, LineTimeout, LinesEnded> next(Nanoseconds patience) override {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (true) {
            if (auto line = take_line()) return *line;
            if (!ended_.empty()) return LinesEnded{ended_};
            const auto left = deadline - std::chrono::steady_clock::now();
            if (left <= std::chrono::steady_clock::duration::zero()) return LineTimeout{};
            wait(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds(1));
        }
    }

protected:
    [[nodiscard]] virtual std::string end_reason() { return name_ + " was closed by its writer"; }
    [[nodiscard]] const std::string& source_name() const { return name_; }

private:
    int descriptor_;
    std::string name_;
    bool follow_;
    bool skipping_ = false;
    std::string buffer_;
    std::string ended_;

    std::optional<std::string> take_line() {
        while (true) {
            const std::size_t end = buffer_.find('\n');
            if (end == std::string::npos) {
                if (buffer_.size() > kLongestLine) {
                    buffer_.clear();
                    skipping_ = true;
                }
                return std::nullopt;
            }
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            if (skipping_) {
                skipping_ = false;
                continue;
            }
            return line;
        }
    }

    void wait(std::chrono::milliseconds patience) {
        if (!follow_) {
            pollfd ready{descriptor_, POLLIN, 0};
            if (::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(patience.count(), 1000))) <= 0) return;
        }
        std::array<char, 4096> bytes{};
        const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
        if (count > 0) {
            buffer_.append(bytes.data(), static_cast<std::size_t>(count));
        } else if (follow_ && (count == 0 || errno == EAGAIN)) {
            std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(patience, kFollowPause));
        } else if (count < 0 && errno != EINTR && errno != EAGAIN) {
            ended_ = fmt::format("{}: {}", name_, std::strerror(errno));
        } else if (count == 0) {
            ended_ = end_reason();
        }
    }
};

class ProgramLines : public DescriptorLines {
public:
    ProgramLines(int descriptor, pid_t child, std::string name)
        : DescriptorLines(descriptor, std::move(name), false), child_(child) {}
    ~ProgramLines() override {
        if (child_ <= 0) return;
        ::kill(child_, SIGTERM);
        for (int attempt = 0; attempt < 100 && !reap(WNOHANG); ++attempt) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            reap(0);
        }
    }

protected:
    std::string end_reason() override {
        // Its output is closed; a moment may pass until it is gone.
        for (int attempt = 0; attempt < 100 && !reap(WNOHANG); ++attempt) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        if (child_ > 0) return source_name() + " closed its output";
        if (WIFSIGNALED(status_)) return fmt::format("{} was ended by signal {}", source_name(), WTERMSIG(status_));
        return fmt::format("{} ended with status {}", source_name(), WEXITSTATUS(status_));
    }

private:
    pid_t child_;
    int status_ = 0;

    bool reap(int options) {
        if (child_ <= 0) return true;
        const pid_t done = ::waitpid(child_, &status_, options);
        if (done == 0 || (done < 0 && errno == EINTR)) return false;
        child_ = -1;
        return true;
    }
};

struct Pipe {
    int read_end = -1;
    int write_end = -1;
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw EnvironmentError(fmt::format("cannot make a pipe: {}", std::strerror(errno)), "close some files");
        }
        read_end = ends[0];
        write_end = ends[1];
    }
};

/// After fork() in a program with threads: async-signal-safe calls only.
[[noreturn]] void become(char* const* arguments, int output, int error_pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    ::execv(arguments[0], arguments);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(error_pipe, &error, sizeof error);
    ::_exit(127);
}

}  // namespace

std::unique_ptr<LineSource> run_for_lines(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    Pipe output;
    Pipe failure;
    const pid_t child = ::fork();
    if (child == 0) become(pointers.data(), output.write_end, failure.write_end);
    ::close(output.write_end);
    ::close(failure.write_end);
    int error = child < 0 ? errno : 0;
    if (child > 0) {
        ssize_t size = 0;
        do {
            size = ::read(failure.read_end, &error, sizeof error);
        } while (size < 0 && errno == EINTR);
        if (size <= 0) error = 0;
    }
    ::close(failure.read_end);
    if (error != 0) {
        ::close(output.read_end);
        if (child > 0) ::waitpid(child, nullptr, 0);
        throw EnvironmentError(fmt::format("cannot run {}: {}", arguments[0], std::strerror(error)),
                               "check that it exists and is executable");
    }
    return std::make_unique<ProgramLines>(output.read_end, child, arguments[0]);
}

std::unique_ptr<LineSource> follow_lines(const std::string& path) {
    if (path == "-") return std::make_unique<DescriptorLines>(STDIN_FILENO, "standard input", false);
    // A FIFO without a writer yet must not block for good.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
        const int error = errno;
        if (descriptor >= 0) ::close(descriptor);
        throw EnvironmentError(fmt::format("cannot read {}: {}", path, std::strerror(error)),
                               "name a log, a FIFO or - for standard input");
    }
    if (S_ISREG(status.st_mode)) ::lseek(descriptor, 0, SEEK_END);
    return std::make_unique<DescriptorLines>(descriptor, path, true);
}

}  // namespace carbonedge
