#include "tools/partition/stage_modules.h"

#include "lib/base/atomic_file.h"
#include "lib/base/errors.h"
#include "lib/measure/child_process.h"
#include "lib/partition/plan_file.h"

#include <fmt/format.h>
#include <filesystem>
#include <sstream>

namespace carbonedge {
namespace {

std::filesystem::path program_beside_us(const std::string& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

}  // namespace

int emit_stage_modules(const Partition& partition, const std::string& model, const std::string& folder, bool quiet,
                       bool overwrite) {
    const std::filesystem::path program = program_beside_us("carbonedge-stage");
    if (!std::filesystem::exists(program)) {
        throw EnvironmentError(fmt::format("{} is missing", program.string()),
                               "install all programs of carbonedge together");
    }
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) {
        throw EnvironmentError(fmt::format("cannot make the folder {}: {}", folder, problem.message()),
                               "check its parent and its permissions");
    }
    const std::string written = (std::filesystem::path(folder) / "partition.json").string();
    std::ostringstream unused;
    write_output(written, overwrite, write_partition(partition), unused);
    std::vector<std::string> words{program.string(), written, "--model", model, "--emit", folder};
    if (quiet) words.emplace_back("--quiet");
    if (overwrite) words.emplace_back("--overwrite");
    return run_child(words, nullptr, false).exit_status;
}

}  // namespace carbonedge
