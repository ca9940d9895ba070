#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace carbonedge {

/// How every carbonedge program ends. Each tool's page says which statuses it gives and when.
enum class ExitStatus : int {
    kOk = 0,
    kNegativeVerdict = 1,  ///< gate breached, plan infeasible, requests failed
    kUsage = 2,            ///< wrong command line
    kInconclusive = 3,     ///< not comparable, cannot tell, or only an estimate possible
    kUnreadable = 4,       ///< an input cannot be read or the environment fails
    kInterrupted = 130,    ///< stopped by the user; what was recorded is kept and marked incomplete
};

/// An input that cannot be used. `what()` is one line, "file:line: problem", without the line where it is 0.
class InputError : public std::runtime_error {
public:
    InputError(std::string file, long line, std::string problem);
    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    [[nodiscard]] long line() const noexcept { return line_; }
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    std::string file_;
    long line_;
    std::string problem_;
};

/// Something outside the program failed (a file cannot be written, a node does not start). One line: "what; remedy".
class EnvironmentError : public std::runtime_error {
public:
    EnvironmentError(std::string_view what, std::string_view remedy);
};

/// The command line asks for something that cannot be. One line that shows the right form.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The user pressed Ctrl-C (or sent SIGTERM); thrown after what was recorded is safe.
class Interrupted : public std::runtime_error {
public:
    Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace carbonedge
