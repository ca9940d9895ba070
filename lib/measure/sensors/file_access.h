#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace carbonedge {

/// A file operation that did not work. `code` is an errno value; EBADMSG where a file was read and holds no such value.
struct FileFailure {
    int code = 0;
    std::string path;

    bool operator==(const FileFailure&) const = default;
};

/// "/sys/.../energy_uj: permission denied"
std::string failure_text(const FileFailure& failure);

/// A file kept open. sysfs makes its text anew at every read from the start, so one descriptor serves for good: 0.5 us
/// a read where open, read and close take 3 us and more.
class KeptFile {
public:
    virtual ~KeptFile() = default;
    /// Up to `size` bytes from the start of the file: their count, or minus an errno value.
    virtual long read_from_start(char* buffer, std::size_t size) = 0;
};

enum class EntryKind { kAbsent, kDanglingLink, kDenied, kFile, kFolder };

/// How sensors look at the system. A seam: tests put a tree of their own in the place of /sys, and errors of their
/// choice in the place of a read (tests run as root, whom no mode bits stop). Paths are those of a real system,
/// "/sys/class/powercap/intel-rapl:0".
class FileAccess {
public:
    virtual ~FileAccess() = default;
    virtual std::variant<std::unique_ptr<KeptFile>, FileFailure> open(const std::string& path) = 0;
    /// Names in a folder, sorted.
    virtual std::variant<std::vector<std::string>, FileFailure> list(const std::string& path) = 0;
    virtual EntryKind kind(const std::string& path) = 0;
    /// Eight bytes of a register file (/dev/cpu/0/msr) at an address; nothing where it cannot be read.
    virtual std::optional<std::uint64_t> read_register(const std::string& path, std::uint64_t address) = 0;
    /// The path without links, to tell one device seen twice; the path itself where that fails.
    virtual std::string real_path(const std::string& path) = 0;
};

/// Where the three trees stand. A container that hides /sys/class/powercap can show the host's /sys at another place.
struct SystemRoots {
    std::string sys = "/sys";
    std::string proc = "/proc";
    std::string dev = "/dev";
};

std::shared_ptr<FileAccess> system_file_access(const SystemRoots& roots = {});

/// The text of a small file without its trailing white space.
std::variant<std::string, FileFailure> read_text(FileAccess& files, const std::string& path);
/// The whole number that a file holds.
std::variant<long long, FileFailure> read_integer(FileAccess& files, const std::string& path);

/// Reads the unsigned number that a kept file holds now: nothing and an errno value in `error` where that fails.
/// EBADMSG: empty or not a number. Never a zero in the place of an error.
std::optional<unsigned long long> read_counter(KeptFile& file, int& error);
/// The same for a signed number (currents and powers may be negative).
std::optional<long long> read_signed(KeptFile& file, int& error);

}  // namespace carbonedge
