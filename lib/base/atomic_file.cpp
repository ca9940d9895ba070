#include "lib/base/atomic_file.h"

#include "lib/base/errors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>

namespace carbonedge {
namespace {

class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int value() const { return value_; }
    [[nodiscard]] bool valid() const { return value_ >= 0; }

private:
    int value_;
};

[[noreturn]] void fail_to_write(const std::string& path, int error) {
    throw EnvironmentError(fmt::format("cannot write {}: {}", path, std::strerror(error)),
                           "check that the folder exists, is writable and has space");
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool is_special_file(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

[[noreturn]] void refuse_existing(const std::string& path) {
    throw EnvironmentError(fmt::format("{} already exists", path), "use --overwrite to replace it");
}

/// The file that a link stands for; a path that is none, or leads nowhere, is itself.
std::string without_links(const std::string& path) {
    std::array<char, PATH_MAX> resolved{};
    return ::realpath(path.c_str(), resolved.data()) == nullptr ? path : std::string(resolved.data());
}

/// Moves `from` to `to`; with `replace` false fails with EEXIST where `to` exists, in one step.
bool move_file(const std::string& from, const std::string& to, bool replace) {
    if (!replace) {
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
        if (errno != EINVAL && errno != ENOSYS) return false;  // some file systems know only plain renaming
    }
    return ::rename(from.c_str(), to.c_str()) == 0;
}

/// `mode` absent: what the umask leaves of 0644.
void replace_file(const std::string& path, bool overwrite, std::string_view content, std::optional<mode_t> mode) {
    check_output(path, overwrite);
    const std::string target = without_links(path);
    const std::string beside = fmt::format("{}.{}.part", target, ::getpid());
    {
        const Descriptor file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode.value_or(0644) & 0644U));
        if (!file.valid()) fail_to_write(path, errno);
        const bool permitted = !mode || ::fchmod(file.value(), *mode) == 0;
        if (!permitted || !write_all(file.value(), content) || ::fsync(file.value()) != 0) {
            const int error = errno;
            ::unlink(beside.c_str());
            fail_to_write(path, error);
        }
    }
    if (!move_file(beside, target, overwrite)) {
        const int error = errno;
        ::unlink(beside.c_str());
        if (error == EEXIST) refuse_existing(path);
        fail_to_write(path, error);
    }
}

}  // namespace

void check_output(const std::string& path, bool overwrite) {
    if (path != "-" && !overwrite && !is_special_file(path) && exists(path)) refuse_existing(path);
}

void write_output(const std::string& path, bool overwrite, std::string_view content, std::ostream& standard_output) {
    if (path == "-") {
        standard_output.write(content.data(), static_cast<std::streamsize>(content.size()));
        standard_output.flush();
        if (!standard_output) throw EnvironmentError("cannot write to standard output", "check the reader of the pipe");
        return;
    }
    if (is_special_file(path)) {  // a pipe or /dev/null cannot be renamed over
        const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!file.valid() || !write_all(file.value(), content)) fail_to_write(path, errno);
        return;
    }
    struct stat old {};
    const bool replaced = ::stat(path.c_str(), &old) == 0;
    replace_file(path, overwrite, content, replaced ? std::optional<mode_t>(old.st_mode & 07777U) : std::nullopt);
}

void write_private_file(const std::string& path, bool overwrite, std::string_view content) {
    replace_file(path, overwrite, content, mode_t{0600});
}

namespace {

/// Block by block: an iterator over the bytes takes longer than parsing some of the files does.
std::string read_to_end(std::istream& stream) {
    constexpr std::size_t kBlock = 256 * 1024;
    std::string content;
    std::size_t size = 0;
    do {
        content.resize(size + kBlock);
        stream.read(content.data() + size, kBlock);
        size += static_cast<std::size_t>(stream.gcount());
    } while (stream);
    content.resize(size);
    return content;
}

}  // namespace

std::string read_input(const std::string& path, std::istream& standard_input) {
    if (path == "-") {
        return read_to_end(standard_input);
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        throw InputError(path, 0, std::string("cannot be read: ") + std::strerror(errno));
    if (S_ISDIR(status.st_mode)) throw InputError(path, 0, "cannot be read: it is a folder, a file was expected");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw InputError(path, 0, std::string("cannot be read: ") + std::strerror(errno));
    std::string content = read_to_end(file);
    if (file.bad()) throw InputError(path, 0, "cannot be read to its end");
    return content;
}

}  // namespace carbonedge
