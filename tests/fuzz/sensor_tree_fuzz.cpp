#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/hwmon_energy.h"
#include "lib/measure/sensors/ina_sensors.h"
#include "lib/measure/sensors/power_pmu.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace carbonedge;

/// A tree of files from a text of lines "path=content"; a path that ends in "!" cannot be read.
class TextTree : public FileAccess {
public:
    explicit TextTree(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            add(text.substr(0, end));
            text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        }
    }
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
            if (content_ == "!") return -EIO;
            return static_cast<long>(content_.copy(buffer, size));
        }

    private:
        std::string content_;
    };
    std::map<std::string, std::string> files_;

    void add(std::string_view line) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0 || line[0] != '/') return;
        files_[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
    }
};

class FastClock : public MeterClock {
public:
    Nanoseconds now() override { return time_ += std::chrono::milliseconds(20); }
    void pause(Nanoseconds length) override { time_ += length; }

private:
    Nanoseconds time_{0};
};

class NoPerf : public PerfEvents {
public:
    int open(std::uint32_t, std::uint64_t, int) override { return -EACCES; }
    int read(int, Count&) override { return EBADF; }
    void close(int) override {}
};

void measure(std::shared_ptr<CounterBank> bank) {
    FastClock clock;
    const auto meter = make_counter_meter(std::move(bank), clock);
    meter->start();
    meter->sample();
    static_cast<void>(meter->stop());
}

}  // namespace

/// Trees of any text: every reader of /sys must come back with values or reasons.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto tree = std::make_shared<TextTree>(std::string_view(reinterpret_cast<const char*>(bytes), size));
    const PowercapTree powercap = read_powercap_tree(*tree);
    measure(make_powercap_bank(tree, powercap));
    const PowerPmu pmu = read_power_pmu(*tree);
    if (pmu.cpus.size() < 100) measure(make_power_pmu_bank(std::make_shared<NoPerf>(), *tree, pmu, powercap));
    measure(make_amd_energy_bank(*tree, find_amd_energy(*tree)));
    const InaSearch search = find_ina_channels(*tree);
    const auto sensors = make_ina_sensors(tree, search);
    std::vector<RailPower> powers;
    std::string problem;
    static_cast<void>(sensors->rule());
    if (!sensors->read(powers, problem) && problem.empty()) __builtin_trap();
    return 0;
}
