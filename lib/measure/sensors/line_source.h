#pragma once

#include "lib/units/quantity.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

struct LineTimeout {};
/// No more lines will come, and why ("tegrastats ended with status 1").
struct LinesEnded {
    std::string reason;
};

/// Text that arrives line by line. One reader at a time.
class LineSource {
public:
    virtual ~LineSource() = default;
    /// The next line without its end, once it is complete; waits at most `patience`.
    virtual std::variant<std::string, LineTimeout, LinesEnded> next(Nanoseconds patience) = 0;
};

/// Runs a program and reads its standard output. It is ended (SIGTERM, then SIGKILL) when the source goes, and dies
/// with this process. Throws EnvironmentError where it cannot be started. `arguments[0]` is its path: no search.
std::unique_ptr<LineSource> run_for_lines(const std::vector<std::string>& arguments);

/// Reads a pipe, a FIFO or standard input ("-"); a regular file is followed from its present end on, as somebody else
/// appends to it. Throws EnvironmentError where it cannot be opened.
std::unique_ptr<LineSource> follow_lines(const std::string& path);

}  // namespace carbonedge
