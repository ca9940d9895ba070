#include "tools/run/log_output.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"

#include <fmt/format.h>
#include <filesystem>
#include <ostream>

namespace carbonedge {

LogOutput::LogOutput(std::string path, bool overwrite, std::ostream& standard_output)
    : path_(std::move(path)), standard_output_(standard_output) {
    if (path_ == "-") return;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder)) {
        throw EnvironmentError(fmt::format("cannot write {}: there is no folder {}", path_, folder.string()),
                               "make it first");
    }
    check_output(path_, overwrite);
}

void LogOutput::write(const std::string& line) {
    if (path_ != "-" && !file_.is_open()) file_.open(path_, std::ios::binary | std::ios::trunc);
    std::ostream& stream = path_ == "-" ? standard_output_ : file_;
    stream << line << std::flush;
    if (!stream)
        throw EnvironmentError(fmt::format("cannot write {}", path_ == "-" ? "standard output" : path_),
                               "see the space left");
}

}  // namespace carbonedge
