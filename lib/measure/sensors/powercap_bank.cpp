#include "lib/measure/sensors/powercap_bank.h"

#include <algorithm>

namespace carbonedge {
namespace {

CounterRole role_of(ZoneKind kind, bool has_package) {
    switch (kind) {
        case ZoneKind::kPackage:
        case ZoneKind::kDram:
            return CounterRole::kSummed;
        case ZoneKind::kCore:
        case ZoneKind::kUncore:
            return CounterRole::kInside;
        case ZoneKind::kPlatform:
            return has_package ? CounterRole::kPlatform : CounterRole::kSummed;
        case ZoneKind::kUnknown:
            break;
    }
    return CounterRole::kUnknown;
}

std::string boundary_of(const PowercapZone& zone) {
    switch (zone.kind) {
        case ZoneKind::kPackage:
            return "package";
        case ZoneKind::kPlatform:
            return "platform";
        case ZoneKind::kDram:
            return "dram";
        case ZoneKind::kCore:
            return "core";
        case ZoneKind::kUncore:
            return "uncore";
        case ZoneKind::kUnknown:
            break;
    }
    return zone.name;
}

class PowercapBank : public CounterBank {
public:
    PowercapBank(std::shared_ptr<FileAccess> files, const PowercapTree& tree) : files_(std::move(files)) {
        std::vector<PowercapZone> zones;
        std::copy_if(tree.zones.begin(), tree.zones.end(), std::back_inserter(zones),
                     [](const PowercapZone& zone) { return zone.duplicate_of.empty(); });
        const bool has_package = std::any_of(zones.begin(), zones.end(),
                                             [](const PowercapZone& zone) { return zone.kind == ZoneKind::kPackage; });
        // Packages first: what DRAM says is judged by them.
        std::stable_sort(zones.begin(), zones.end(), [](const PowercapZone& left, const PowercapZone& right) {
            return (left.kind == ZoneKind::kPackage) > (right.kind == ZoneKind::kPackage);
        });
        for (const PowercapZone& zone : zones) add(zone, has_package);
    }

    [[nodiscard]] std::string name() const override { return "rapl-powercap"; }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(1'000'000); }
    [[nodiscard]] const std::vector<CounterDomain>& domains() const override { return domains_; }

    std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) override {
        if (!counters_[domain]) {
            problem = domains_[domain].problem;
            return std::nullopt;
        }
        int error = 0;
        const auto value = read_counter(*counters_[domain], error);
        if (!value) problem = failure_text({error, paths_[domain]});
        return value;
    }

private:
    std::shared_ptr<FileAccess> files_;
    std::vector<CounterDomain> domains_;
    std::vector<std::unique_ptr<KeptFile>> counters_;
    std::vector<std::string> paths_;

    void add(const PowercapZone& zone, bool has_package) {
        CounterDomain domain;
        domain.name = zone.key();
        domain.boundary = boundary_of(zone);
        domain.role = role_of(zone.kind, has_package);
        domain.joules_per_unit = 1e-6;
        domain.range = zone.energy_range;
        domain.limit = zone.limit;
        std::unique_ptr<KeptFile> counter;
        auto opened = files_->open(zone.counter_path);
        if (auto* file = std::get_if<std::unique_ptr<KeptFile>>(&opened)) {
            counter = std::move(*file);
        } else {
            const FileFailure& failure = std::get<FileFailure>(opened);
            const std::string remedy = powercap_remedy(failure);
            domain.problem = failure_text(failure) + (remedy.empty() ? "" : "; " + remedy);
        }
        domains_.push_back(std::move(domain));
        counters_.push_back(std::move(counter));
        paths_.push_back(zone.counter_path);
    }
};

}  // namespace

std::shared_ptr<CounterBank> make_powercap_bank(std::shared_ptr<FileAccess> files, const PowercapTree& tree) {
    return std::make_shared<PowercapBank>(std::move(files), tree);
}

}  // namespace carbonedge
