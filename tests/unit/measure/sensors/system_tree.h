#pragma once

#include "lib/measure/sensors/file_access.h"
#include "tests/support/temporary_folder.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace carbonedge {

/// A tree of /sys, /proc and /dev made by a test, and errors of its choice on top (root passes every mode bit).
class SystemTree {
public:
    /// Writes a file, making its folders. `path` is that of a real system.
    SystemTree& put(const std::string& path, const std::string& text) {
        const std::filesystem::path file = folder_.path() / path.substr(1);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text << "\n";
        return *this;
    }
    SystemTree& link(const std::string& path, const std::string& target) {
        const std::filesystem::path file = folder_.path() / path.substr(1);
        std::filesystem::create_directories(file.parent_path());
        std::filesystem::create_symlink(target, file);
        return *this;
    }
    SystemTree& folder(const std::string& path) {
        std::filesystem::create_directories(folder_.path() / path.substr(1));
        return *this;
    }
    void remove(const std::string& path) { std::filesystem::remove_all(folder_.path() / path.substr(1)); }

    /// One powercap zone with its counter.
    SystemTree& zone(const std::string& id, const std::string& name, unsigned long long energy,
                     unsigned long long range = 262'143'328'850ULL) {
        const std::string place = "/sys/class/powercap/" + id;
        put(place + "/name", name);
        put(place + "/energy_uj", std::to_string(energy));
        return put(place + "/max_energy_range_uj", std::to_string(range));
    }

    [[nodiscard]] std::string root() const { return folder_.path().string(); }
    [[nodiscard]] SystemRoots roots() const { return {root() + "/sys", root() + "/proc", root() + "/dev"}; }

private:
    TemporaryFolder folder_;
};

/// Passes everything through, but errors where it is told to.
class InjectingFiles : public FileAccess {
public:
    explicit InjectingFiles(std::shared_ptr<FileAccess> below) : below_(std::move(below)) {}

    std::map<std::string, int> open_errors;                     ///< path to errno
    std::map<std::string, int> read_errors;                     ///< path to errno, of files already open as well
    std::map<std::string, std::function<std::string()>> texts;  ///< path to what a read shows at that moment

    std::variant<std::unique_ptr<KeptFile>, FileFailure> open(const std::string& path) override {
        if (const auto error = open_errors.find(path); error != open_errors.end())
            return FileFailure{error->second, path};
        auto opened = below_->open(path);
        if (auto* failure = std::get_if<FileFailure>(&opened)) return *failure;
        return std::unique_ptr<KeptFile>(
            std::make_unique<Kept>(this, path, std::move(std::get<std::unique_ptr<KeptFile>>(opened))));
    }
    std::variant<std::vector<std::string>, FileFailure> list(const std::string& path) override {
        if (const auto error = open_errors.find(path); error != open_errors.end())
            return FileFailure{error->second, path};
        return below_->list(path);
    }
    EntryKind kind(const std::string& path) override { return below_->kind(path); }
    std::optional<std::uint64_t> read_register(const std::string& path, std::uint64_t address) override {
        return open_errors.count(path) > 0 ? std::nullopt : below_->read_register(path, address);
    }
    std::string real_path(const std::string& path) override { return below_->real_path(path); }

private:
    class Kept : public KeptFile {
    public:
        Kept(InjectingFiles* owner, std::string path, std::unique_ptr<KeptFile> below)
            : owner_(owner), path_(std::move(path)), below_(std::move(below)) {}
        long read_from_start(char* buffer, std::size_t size) override {
            if (const auto text = owner_->texts.find(path_); text != owner_->texts.end()) {
                return static_cast<long>(text->second().copy(buffer, size));
            }
            const auto error = owner_->read_errors.find(path_);
            return error == owner_->read_errors.end() ? below_->read_from_start(buffer, size) : -error->second;
        }

    private:
        InjectingFiles* owner_;
        std::string path_;
        std::unique_ptr<KeptFile> below_;
    };
    std::shared_ptr<FileAccess> below_;
};

}  // namespace carbonedge
