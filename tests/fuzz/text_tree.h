#pragma once

#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/meter_clock.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace carbonedge {

/// A tree of files from a text of lines "path=content". A content "!" cannot be read; parts between '|' are what one
/// read after the other finds, the last one for good.
class TextTree : public FileAccess {
public:
    TextTree() = default;
    explicit TextTree(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            add(text.substr(0, end));
            text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        }
    }
    void put(const std::string& path, std::string_view content) { files_[path] = std::string(content); }

    std::variant<std::unique_ptr<KeptFile>, FileFailure> open(const std::string& path) override {
        const auto file = files_.find(path);
        if (file == files_.end()) return FileFailure{ENOENT, path};
        return std::unique_ptr<KeptFile>(std::make_unique<Kept>(file->second));
    }
    std::variant<std::vector<std::string>, FileFailure> list(const std::string& path) override {
        std::set<std::string> names;
        for (const auto& [file, content] : files_) {
            if (file.size() <= path.size() + 1 || file.compare(0, path.size(), path) != 0 || file[path.size()] != '/')
                continue;
            const std::string rest = file.substr(path.size() + 1);
            names.insert(rest.substr(0, rest.find('/')));
        }
        if (names.empty()) return FileFailure{ENOENT, path};
        return std::vector<std::string>(names.begin(), names.end());
    }
    EntryKind kind(const std::string& path) override {
        if (files_.count(path) > 0) return EntryKind::kFile;
        return std::holds_alternative<FileFailure>(list(path)) ? EntryKind::kAbsent : EntryKind::kFolder;
    }
    std::optional<std::uint64_t> read_register(const std::string&, std::uint64_t) override { return std::nullopt; }
    std::string real_path(const std::string& path) override { return path; }

private:
    class Kept : public KeptFile {
    public:
        explicit Kept(std::string content) : content_(std::move(content)) {}
        long read_from_start(char* buffer, std::size_t size) override {
            const std::size_t bar = content_.find('|', at_);
            const std::string part = content_.substr(at_, bar == std::string::npos ? bar : bar - at_);
            if (bar != std::string::npos) at_ = bar + 1;
            if (part == "!") return -EIO;
            return static_cast<long>(part.copy(buffer, size));
        }

    private:
        std::string content_;
        std::size_t at_ = 0;
    };
    std::map<std::string, std::string> files_;

    void add(std::string_view line) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0 || line[0] != '/') return;
        files_[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
    }
};

/// Every look takes 20 ms.
class FastClock : public MeterClock {
public:
    Nanoseconds now() override { return time_ += std::chrono::milliseconds(20); }
    void pause(Nanoseconds length) override { time_ += length; }

private:
    Nanoseconds time_{0};
};

/// The next line of what a fuzzer gives, without its end; empty when there is none left.
inline std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return line;
}

}  // namespace carbonedge
