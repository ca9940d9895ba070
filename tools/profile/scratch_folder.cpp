#include "tools/profile/scratch_folder.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace carbonedge {

ScratchFolder::ScratchFolder() {
    std::error_code problem;
    const std::filesystem::path place = std::filesystem::temp_directory_path(problem);
    path_ = (problem ? std::filesystem::path("/tmp") : place) / "carbonedge-profile-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
        throw EnvironmentError(fmt::format("cannot make the folder {}: {}", path_, std::strerror(errno)),
                               "set TMPDIR to a folder that can be written");
    }
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace carbonedge
