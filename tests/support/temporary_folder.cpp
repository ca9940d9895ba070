#include "tests/support/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <system_error>

namespace carbonedge {

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "carbonedge-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;  // a test that leaves something undeletable has failed already
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace carbonedge
