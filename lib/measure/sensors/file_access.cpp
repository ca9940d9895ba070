#include "lib/measure/sensors/file_access.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <system_error>

namespace carbonedge {
namespace {

constexpr std::size_t kLongestText = 65536;

class DescriptorFile : public KeptFile {
public:
    explicit DescriptorFile(int descriptor) : descriptor_(descriptor) {}
    DescriptorFile(const DescriptorFile&) = delete;
    DescriptorFile& operator=(const DescriptorFile&) = delete;
    ~DescriptorFile() override { ::close(descriptor_); }

    long read_from_start(char* buffer, std::size_t size) override {
        ssize_t count = -1;
        do {
            count = ::pread(descriptor_, buffer, size, 0);
        } while (count < 0 && errno == EINTR);
        return count < 0 ? -static_cast<long>(errno) : static_cast<long>(count);
    }

private:
    int descriptor_;
};

bool starts_with_folder(const std::string& path, const std::string& folder) {
    return path.compare(0, folder.size(), folder) == 0 && (path.size() == folder.size() || path[folder.size()] == '/');
}

class SystemFiles : public FileAccess {
public:
    explicit SystemFiles(const SystemRoots& roots)
        : mounts_{{{"/sys", roots.sys}, {"/proc", roots.proc}, {"/dev", roots.dev}}} {}

    std::variant<std::unique_ptr<KeptFile>, FileFailure> open(const std::string& path) override {
        const int descriptor = ::open(actual(path).c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return FileFailure{errno, path};
        return std::unique_ptr<KeptFile>(std::make_unique<DescriptorFile>(descriptor));
    }

    std::variant<std::vector<std::string>, FileFailure> list(const std::string& path) override {
        DIR* folder = ::opendir(actual(path).c_str());
        if (folder == nullptr) return FileFailure{errno, path};
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(folder)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        ::closedir(folder);
        std::sort(names.begin(), names.end());
        return names;
    }

    EntryKind kind(const std::string& path) override {
        const std::string where = actual(path);
        struct stat status {};
        if (::stat(where.c_str(), &status) == 0) {
            return S_ISDIR(status.st_mode) ? EntryKind::kFolder : EntryKind::kFile;
        }
        if (errno == EACCES || errno == EPERM) return EntryKind::kDenied;
        return ::lstat(where.c_str(), &status) == 0 ? EntryKind::kDanglingLink : EntryKind::kAbsent;
    }

    std::optional<std::uint64_t> read_register(const std::string& path, std::uint64_t address) override {
        const int descriptor = ::open(actual(path).c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return std::nullopt;
        std::uint64_t bits = 0;
        const ssize_t count = ::pread(descriptor, &bits, sizeof bits, static_cast<off_t>(address));
        ::close(descriptor);
        return count == static_cast<ssize_t>(sizeof bits) ? std::optional(bits) : std::nullopt;
    }

    std::string real_path(const std::string& path) override {
        char* resolved = ::realpath(actual(path).c_str(), nullptr);
        if (resolved == nullptr) return path;
        std::string text = resolved;
        std::free(resolved);
        return text;
    }

private:
    std::array<std::pair<std::string, std::string>, 3> mounts_;

    [[nodiscard]] std::string actual(const std::string& path) const {
        for (const auto& [folder, place] : mounts_) {
            if (starts_with_folder(path, folder)) return place + path.substr(folder.size());
        }
        return path;
    }
};

template <class Number>
std::optional<Number> read_number(KeptFile& file, int& error) {
    std::array<char, 64> buffer{};
    const long count = file.read_from_start(buffer.data(), buffer.size());
    if (count < 0) {
        error = static_cast<int>(-count);
        return std::nullopt;
    }
    const char* end = buffer.data() + count;
    Number value{};
    const auto [stop, problem] = std::from_chars(buffer.data(), end, value);
    const bool whole = stop == end || *stop == '\n' || *stop == ' ' || *stop == '\0';
    if (problem != std::errc() || !whole) {
        error = EBADMSG;
        return std::nullopt;
    }
    return value;
}

}  // namespace

std::string failure_text(const FileFailure& failure) {
    if (failure.code == EBADMSG) return failure.path + ": holds no number";
    std::string problem = std::generic_category().message(failure.code);
    if (!problem.empty())
        problem[0] = static_cast<char>(problem[0] >= 'A' && problem[0] <= 'Z' ? problem[0] + 32 : problem[0]);
    return failure.path + ": " + problem;
}

std::shared_ptr<FileAccess> system_file_access(const SystemRoots& roots) {
    return std::make_shared<SystemFiles>(roots);
}

std::variant<std::string, FileFailure> read_text(FileAccess& files, const std::string& path) {
    auto opened = files.open(path);
    if (auto* failure = std::get_if<FileFailure>(&opened)) return *failure;
    std::string text(kLongestText, '\0');
    const long count = std::get<std::unique_ptr<KeptFile>>(opened)->read_from_start(text.data(), text.size());
    if (count < 0) return FileFailure{static_cast<int>(-count), path};
    text.resize(static_cast<std::size_t>(count));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\0')) text.pop_back();
    return text;
}

std::variant<long long, FileFailure> read_integer(FileAccess& files, const std::string& path) {
    auto opened = files.open(path);
    if (auto* failure = std::get_if<FileFailure>(&opened)) return *failure;
    int error = 0;
    const auto value = read_signed(*std::get<std::unique_ptr<KeptFile>>(opened), error);
    if (!value) return FileFailure{error, path};
    return *value;
}

std::optional<unsigned long long> read_counter(KeptFile& file, int& error) {
    return read_number<unsigned long long>(file, error);
}

std::optional<long long> read_signed(KeptFile& file, int& error) { return read_number<long long>(file, error); }

}  // namespace carbonedge
