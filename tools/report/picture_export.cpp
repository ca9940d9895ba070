#include "tools/report/picture_export.h"

#include "lib/base/errors.h"
#include "lib/measure/child_process.h"
#include "lib/report/renderers.h"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace carbonedge {
namespace {

constexpr int kWidth = 640;  // of the plot, in CSS pixels

/// A file that is gone with its folder when this is.
class TemporaryFile {
public:
    TemporaryFile(std::string_view name, std::string_view content) {
        std::string folder = (std::filesystem::temp_directory_path() / "carbonedge-report-XXXXXX").string();
        if (::mkdtemp(folder.data()) == nullptr) {
            throw EnvironmentError("a temporary folder cannot be made at " + folder, "set TMPDIR to a writable folder");
        }
        folder_ = folder;
        path_ = folder_ / name;
        std::ofstream file(path_, std::ios::binary);
        file << content;
        file.close();
        if (!file) throw EnvironmentError("cannot write " + path_.string(), "set TMPDIR to a folder with room");
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path folder_;
    std::filesystem::path path_;
};

/// Where PATH has the program; "" nowhere.
std::string find_program(const std::string& name) {
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable == nullptr ? "" : variable;
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
        const std::string path = fmt::format("{}/{}", folder, name);
        if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
    }
    return "";
}

std::string output_of(std::vector<std::string> command, const std::string& remedy) {
    const std::string program = command.front();
    command.front() = find_program(program);
    if (command.front().empty()) throw EnvironmentError("there is no " + program, remedy);
    const ChildResult result = run_child(command, nullptr, true);
    if (result.exit_status != 0) {
        throw EnvironmentError(fmt::format("{} ended with status {}", program, result.exit_status), remedy);
    }
    return result.output;
}

}  // namespace

std::string picture_as_svg(const Picture& picture) {
    if (!has_plot_library()) {
        throw EnvironmentError(
            "this build has no plot library to draw with",
            "run scripts/install_plot_library and build again, or take the numbers with --format csv");
    }
    const TemporaryFile script("draw.js", drawing_program(picture, kWidth));
    return output_of({"node", script.path()}, "install nodejs, or use --format html and its SVG button");
}

std::string picture_as_png(const Picture& picture) {
    const TemporaryFile svg("picture.svg", picture_as_svg(picture));
    return output_of({"rsvg-convert", "--zoom", "2", svg.path()}, "install librsvg2-bin, or use --format svg");
}

}  // namespace carbonedge
