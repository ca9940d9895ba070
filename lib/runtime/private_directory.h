#pragma once

#include <string>

namespace carbonedge {

/// A fresh directory that only its owner may enter; removed with all it holds when this object goes.
class PrivateDirectory {
public:
    /// Made in `parent`. Throws EnvironmentError.
    explicit PrivateDirectory(const std::string& parent);
    ~PrivateDirectory();
    PrivateDirectory(const PrivateDirectory&) = delete;
    PrivateDirectory& operator=(const PrivateDirectory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace carbonedge
