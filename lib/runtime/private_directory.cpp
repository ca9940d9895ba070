#include "lib/runtime/private_directory.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace carbonedge {

PrivateDirectory::PrivateDirectory(const std::string& parent) : path_(parent + "/carbonedge-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {  // mode 0700
        throw EnvironmentError(fmt::format("cannot make a directory in {}: {}", parent, std::strerror(errno)),
                               "set TMPDIR to a directory that can be written");
    }
}

PrivateDirectory::~PrivateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace carbonedge
