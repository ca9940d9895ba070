#pragma once

#include <string>

namespace carbonedge {

/// A folder of our own under the system's place for temporary files, removed with everything in it.
class ScratchFolder {
public:
    ScratchFolder();  ///< throws EnvironmentError
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace carbonedge
