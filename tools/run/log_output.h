#pragma once

#include <fstream>
#include <iosfwd>
#include <string>

namespace carbonedge {

/// Where a run's log goes line by line, so that what was recorded survives whatever ends the run.
class LogOutput {
public:
    /// `path` "-" writes to `standard_output`. Refuses an existing file unless `overwrite`. The file is made with the
    /// first line. Throws EnvironmentError.
    LogOutput(std::string path, bool overwrite, std::ostream& standard_output);

    /// Throws EnvironmentError.
    void write(const std::string& line);

private:
    std::string path_;
    std::ofstream file_;
    std::ostream& standard_output_;
};

}  // namespace carbonedge
