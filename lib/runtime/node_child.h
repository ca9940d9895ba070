#pragma once

#include "lib/measure/cpu_limit.h"
#include "lib/transport/descriptor.h"
#include "lib/units/quantity.h"

#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace carbonedge {

struct Program {
    std::string path;
    std::vector<std::string> arguments;    ///< without the program itself
    std::vector<std::string> environment;  ///< "NAME=value", all of it
    /// The one directory that it may write to, under a Confinement. "": it keeps the rights that this process has.
    std::string home;
};

/// A program started as a child in a process group of its own (the terminal's Ctrl-C does not reach it), which the
/// kernel kills when the thread that started it goes. Start it from a
/// thread that lives as long as the child is wanted.
class NodeChild {
public:
    /// The child enters `group` before it executes. Throws EnvironmentError.
    NodeChild(const Program& program, const LimitGroup& group);
    /// Kills it if it still runs, and reaps it.
    ~NodeChild();
    NodeChild(const NodeChild&) = delete;
    NodeChild& operator=(const NodeChild&) = delete;

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] int pidfd() const { return pidfd_.number(); }

    /// The next line of its standard output. Throws EnvironmentError where it ends or takes longer, Interrupted where
    /// `stop` is requested.
    std::string read_line(Nanoseconds timeout, const std::stop_token& stop);

    /// How it ended ("was killed by signal 9 (Killed)", "exited with status 4"), waiting up to `timeout`; nothing where
    /// it still runs.
    std::optional<std::string> wait(Nanoseconds timeout);
    void kill();

    /// CPU time of all its threads so far; where it was waited for, until its end.
    [[nodiscard]] Nanoseconds cpu_time() const;
    /// Largest resident size so far, zero where it is gone.
    [[nodiscard]] Bytes peak_memory() const;

private:
    int pid_ = -1;
    Descriptor pidfd_;
    Descriptor output_;
    std::string unread_;
    std::optional<std::string> ending_;
    Nanoseconds final_cpu_time_{0};
    mutable std::mutex reaping_;
};

/// Calls back, in a thread of its own, when one of some children ends.
class ChildWatch {
public:
    using OnEnd = std::function<void(std::size_t child)>;
    ChildWatch(const std::vector<int>& pidfds, OnEnd on_end);
    ~ChildWatch();
    ChildWatch(const ChildWatch&) = delete;
    ChildWatch& operator=(const ChildWatch&) = delete;

private:
    Descriptor wake_;
    std::jthread thread_;
};

}  // namespace carbonedge
