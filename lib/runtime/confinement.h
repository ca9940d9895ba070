#pragma once

#include "lib/transport/descriptor.h"

#include <string>
#include <vector>

namespace carbonedge {

/// What a program may still touch once a Confinement holds it.
struct AllowedFiles {
    /// The one directory in which it may make, change and remove files.
    std::string home;
    /// Further files and directories that it may read, e.g. its own and those of its libraries. The system's libraries
    /// and what the C library looks up (names of hosts, the time zone) are among them already.
    std::vector<std::string> readable;
};

/// Takes from a child what somebody else's model has no use for: every capability, new privileges by setuid programs,
/// core dumps, files beyond `kLargestFile`, and, where the kernel has Landlock, files other than those allowed, signals
/// to processes outside, and looks into their memory. Prepared by the parent, since little may be called after fork().
/// What it takes cannot be had again.
class Confinement {
public:
    static constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 30U;
    static constexpr std::uint64_t kMostDescriptors = 4096;

    /// Throws EnvironmentError where `files.home` does not exist.
    explicit Confinement(const AllowedFiles& files);

    /// For the thread that calls it, so between fork() and exec(); safe there. False, with errno, where the kernel
    /// refuses what it offers.
    [[nodiscard]] bool apply() const;

    /// Whether this kernel can keep files from a process.
    [[nodiscard]] static bool limits_files();

private:
    Descriptor rules_;
    int capabilities_ = 0;
};

/// The directories of the libraries that this process has loaded: what a program built beside this one needs too.
std::vector<std::string> library_directories();

}  // namespace carbonedge
