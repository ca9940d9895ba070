#include "lib/measure/sensors/hwmon_energy.h"

#include <algorithm>

namespace carbonedge {
namespace {

constexpr const char* kHwmon = "/sys/class/hwmon";

class AmdEnergyBank : public CounterBank {
public:
    AmdEnergyBank(FileAccess& files, std::vector<HwmonEnergy> counters) : counters_(std::move(counters)) {
        for (const HwmonEnergy& counter : counters_) {
            CounterDomain domain;
            domain.name = counter.label;
            const bool socket = counter.label.rfind("Esocket", 0) == 0;
            const bool core = counter.label.rfind("Ecore", 0) == 0;
            domain.boundary = socket ? "package" : core ? "core" : counter.label;
            domain.role = socket ? CounterRole::kSummed : core ? CounterRole::kInside : CounterRole::kUnknown;
            auto opened = files.open(counter.path);
            if (const auto* failure = std::get_if<FileFailure>(&opened)) {
                domain.problem = failure_text(*failure) + "; allow a group to read it: sudo chgrp adm " + counter.path +
                                 " && sudo chmod 0440 " + counter.path;
                kept_.push_back(nullptr);
            } else {
                kept_.push_back(std::move(std::get<std::unique_ptr<KeptFile>>(opened)));
            }
            domains_.push_back(std::move(domain));
        }
    }

    [[nodiscard]] std::string name() const override { return "amd-energy"; }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(1'000'000); }
    [[nodiscard]] const std::vector<CounterDomain>& domains() const override { return domains_; }

    std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) override {
        if (!kept_[domain]) {
            problem = domains_[domain].problem;
            return std::nullopt;
        }
        int error = 0;
        const auto value = read_counter(*kept_[domain], error);
        if (!value) problem = failure_text({error, counters_[domain].path});
        return value;
    }

private:
    std::vector<HwmonEnergy> counters_;
    std::vector<CounterDomain> domains_;
    std::vector<std::unique_ptr<KeptFile>> kept_;
};

}  // namespace

std::vector<HwmonEnergy> find_amd_energy(FileAccess& files) {
    std::vector<HwmonEnergy> found;
    const auto chips = files.list(kHwmon);
    const auto* names = std::get_if<std::vector<std::string>>(&chips);
    if (names == nullptr) return found;
    for (const std::string& chip : *names) {
        const std::string folder = std::string(kHwmon) + "/" + chip;
        const auto name = read_text(files, folder + "/name");
        const auto* text = std::get_if<std::string>(&name);
        if (text == nullptr || *text != "amd_energy") continue;
        const auto entries = files.list(folder);
        const auto* inside = std::get_if<std::vector<std::string>>(&entries);
        if (inside == nullptr) continue;
        for (const std::string& entry : *inside) {
            constexpr std::string_view kLabel = "_label";
            if (entry.rfind("energy", 0) != 0 || entry.size() <= kLabel.size() ||
                entry.substr(entry.size() - kLabel.size()) != kLabel) {
                continue;
            }
            const auto label = read_text(files, folder + "/" + entry);
            if (const auto* words = std::get_if<std::string>(&label)) {
                found.push_back({*words, folder + "/" + entry.substr(0, entry.size() - kLabel.size()) + "_input"});
            }
        }
    }
    std::sort(found.begin(), found.end(),
              [](const HwmonEnergy& left, const HwmonEnergy& right) { return left.label < right.label; });
    return found;
}

std::shared_ptr<CounterBank> make_amd_energy_bank(FileAccess& files, const std::vector<HwmonEnergy>& counters) {
    return std::make_shared<AmdEnergyBank>(files, counters);
}

}  // namespace carbonedge
