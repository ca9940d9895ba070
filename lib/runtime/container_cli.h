#pragma once

#include "lib/units/quantity.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace carbonedge {

/// The command line of a container engine (docker, podman): the interface that they keep stable.
class ContainerCli {
public:
    /// `program` is a path, or a name to be found in the PATH of `environment` ("NAME=value", what it gets).
    ContainerCli(std::string program, std::vector<std::string> environment);

    struct Outcome {
        int status = 0;  ///< 128 + signal where a signal ended it
        std::string out;
        std::string err;
    };
    /// Runs it to its end. Throws EnvironmentError (it cannot be started, or takes longer than `timeout`; it is then
    /// killed), Interrupted.
    [[nodiscard]] Outcome run(const std::vector<std::string>& arguments, Nanoseconds timeout,
                              const std::stop_token& stop) const;
    /// What it prints, without the last line end. Throws EnvironmentError also where it ends with another status than
    /// 0: its message as one line, with what helps.
    [[nodiscard]] std::string ask(const std::vector<std::string>& arguments, Nanoseconds timeout,
                                  const std::stop_token& stop) const;
    /// Calls `on_line` with each line that it prints, until it ends or `stop` is requested.
    void follow(const std::vector<std::string>& arguments, const std::function<void(const std::string&)>& on_line,
                const std::stop_token& stop) const;

private:
    Outcome execute(const std::vector<std::string>& arguments, Nanoseconds timeout, const std::stop_token& stop,
                    const std::function<void(const std::string&)>& on_line) const;

    std::string program_;
    std::vector<std::string> environment_;
};

/// What a container engine said, as one line of ours with its remedy. `action` is what was asked: "docker run".
struct ContainerProblem {
    std::string what;
    std::string remedy;
};
ContainerProblem explain_container_error(const std::string& action, const std::string& message);

}  // namespace carbonedge
