#include "lib/measure/sensors/power_pmu.h"

#include "lib/base/utf8.h"

#include <fmt/format.h>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>

namespace carbonedge {
namespace {

constexpr const char* kDevice = "/sys/bus/event_source/devices/power";
constexpr int kMostCpus = 65535;

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
    Number value{};
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (problem != std::errc() || stop != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

/// "event=0x02" or "event=0x02,umask=0x0": the event field holds the low 8 bits of config, umask the next 8.
std::optional<std::uint64_t> parse_config(std::string_view text) {
    std::uint64_t config = 0;
    bool has_event = false;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        std::string_view term = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        const std::size_t equals = term.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        std::string_view number = term.substr(equals + 1);
        const bool hexadecimal = number.substr(0, 2) == "0x";
        if (hexadecimal) number.remove_prefix(2);
        const auto value = whole_number<std::uint64_t>(number, hexadecimal ? 16 : 10);
        if (!value || *value > 0xff) return std::nullopt;
        const std::string_view field = term.substr(0, equals);
        if (field == "event") {
            config |= *value;
            has_event = true;
        } else if (field == "umask") {
            config |= *value << 8U;
        } else {
            return std::nullopt;
        }
    }
    return has_event ? std::optional(config) : std::nullopt;
}

PowerEvent read_event(FileAccess& files, const std::string& name) {
    PowerEvent event;
    event.name = name;
    const std::string path = std::string(kDevice) + "/events/" + name;
    const auto text = [&](const std::string& file, std::string& into) {
        const auto read = read_text(files, file);
        if (const auto* failure = std::get_if<FileFailure>(&read)) {
            event.problem = failure_text(*failure);
            return false;
        }
        into = std::get<std::string>(read);
        return true;
    };
    std::string config;
    std::string scale;
    std::string unit;
    if (!text(path, config) || !text(path + ".scale", scale) || !text(path + ".unit", unit)) return event;
    const auto number = parse_config(config);
    if (!number) event.problem = fmt::format("{}: {} is no event", path, quoted_for_message(config));
    event.config = number.value_or(0);
    double factor = 0;
    const auto [stop, problem] = std::from_chars(scale.data(), scale.data() + scale.size(), factor);
    if (problem != std::errc() || stop != scale.data() + scale.size() || !(factor > 0) || std::isinf(factor)) {
        event.problem = fmt::format("{}.scale: {} is no scale", path, quoted_for_message(scale));
    }
    event.joules_per_count = factor;
    if (unit != "Joules") event.problem = fmt::format("{}.unit: {}, expected Joules", path, quoted_for_message(unit));
    return event;
}

struct EventPlace {
    const char* event;
    const char* boundary;
    CounterRole role;
    ZoneKind zone;
};
constexpr EventPlace kPlaces[] = {
    {"energy-pkg", "package", CounterRole::kSummed, ZoneKind::kPackage},
    {"energy-ram", "dram", CounterRole::kSummed, ZoneKind::kDram},
    {"energy-cores", "core", CounterRole::kInside, ZoneKind::kCore},
    {"energy-gpu", "uncore", CounterRole::kInside, ZoneKind::kUncore},
    {"energy-psys", "platform", CounterRole::kPlatform, ZoneKind::kPlatform},
};

class PowerPmuBank : public CounterBank {
public:
    PowerPmuBank(std::shared_ptr<PerfEvents> perf, FileAccess& files, const PowerPmu& pmu, const PowercapTree& powercap)
        : perf_(std::move(perf)) {
        const bool confirms = powercap.presence == PowercapPresence::kPresent;
        for (const EventPlace& place : kPlaces) {
            for (const PowerEvent& event : pmu.events) {
                if (event.name == place.event) add(files, pmu, event, place, confirms, powercap);
            }
        }
    }
    PowerPmuBank(const PowerPmuBank&) = delete;
    PowerPmuBank& operator=(const PowerPmuBank&) = delete;
    ~PowerPmuBank() override {
        for (const int descriptor : descriptors_) {
            if (descriptor >= 0) perf_->close(descriptor);
        }
    }

    [[nodiscard]] std::string name() const override { return "perf-power"; }
    [[nodiscard]] Nanoseconds update_period() const override { return Nanoseconds(1'000'000); }
    [[nodiscard]] const std::vector<CounterDomain>& domains() const override { return domains_; }
    [[nodiscard]] std::vector<std::string> flags() const override {
        std::vector<std::string> all = flags_;
        if (multiplexed_) all.emplace_back("multiplexed: counts are scaled by enabled over running time");
        return all;
    }

    std::optional<std::uint64_t> read(std::size_t domain, std::string& problem) override {
        if (descriptors_[domain] < 0) {
            problem = domains_[domain].problem;
            return std::nullopt;
        }
        PerfEvents::Count count;
        if (const int error = perf_->read(descriptors_[domain], count); error != 0) {
            problem = failure_text({error, "perf event " + domains_[domain].name});
            return std::nullopt;
        }
        if (count.running_ns == 0 && count.enabled_ns > 0) {
            problem = domains_[domain].name + " was not counted: the PMU never had room for it";
            return std::nullopt;
        }
        if (count.running_ns >= count.enabled_ns) return count.value;
        multiplexed_ = true;
        const double share = static_cast<double>(count.enabled_ns) / static_cast<double>(count.running_ns);
        const double scaled = static_cast<double>(count.value) * share;
        if (!(scaled < 0x1p64)) {
            problem = domains_[domain].name + " was counted too seldom to be scaled";
            return std::nullopt;
        }
        return static_cast<std::uint64_t>(scaled);
    }

private:
    std::shared_ptr<PerfEvents> perf_;
    std::vector<CounterDomain> domains_;
    std::vector<int> descriptors_;
    std::vector<std::string> flags_;
    bool multiplexed_ = false;

    void add(FileAccess& files, const PowerPmu& pmu, const PowerEvent& event, const EventPlace& place, bool confirms,
             const PowercapTree& powercap) {
        CounterRole role = place.role;
        bool confirmed = false;
        Watts limit{0.0};
        for (const PowercapZone& zone : powercap.zones) {
            if (zone.kind != place.zone) continue;
            confirmed = true;
            limit = std::max(limit, zone.limit);
        }
        if (confirms && !confirmed && role == CounterRole::kSummed) {
            role = CounterRole::kUnknown;
            flags_.push_back(fmt::format("unconfirmed: {} is not in powercap and is left out", event.name));
        }
        for (const int cpu : pmu.cpus) {
            CounterDomain domain;
            domain.name = fmt::format("{}@cpu{}", event.name, cpu);
            domain.boundary = place.boundary;
            domain.role = role;
            domain.joules_per_unit = event.joules_per_count;
            domain.limit = limit;
            domain.problem = event.problem;
            int descriptor = -1;
            if (domain.problem.empty()) {
                descriptor = perf_->open(pmu.type, event.config, cpu);
                if (descriptor < 0) {
                    const std::string remedy = perf_remedy(files, -descriptor);
                    domain.problem = failure_text({-descriptor, "perf event " + domain.name}) +
                                     (remedy.empty() ? "" : "; " + remedy);
                    descriptor = -1;
                }
            }
            domains_.push_back(std::move(domain));
            descriptors_.push_back(descriptor);
        }
    }
};

}  // namespace

std::vector<int> parse_cpu_list(std::string_view text) {
    std::vector<int> cpus;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view range = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        const std::size_t dash = range.find('-');
        const auto first = whole_number<int>(range.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : whole_number<int>(range.substr(dash + 1));
        if (!first || !last || *first < 0 || *last < *first || *last > kMostCpus) return {};
        if (cpus.size() + static_cast<std::size_t>(*last - *first) > kMostCpus) return {};
        for (int cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    }
    return cpus;
}

PowerPmu read_power_pmu(FileAccess& files) {
    PowerPmu pmu;
    if (files.kind(kDevice) == EntryKind::kAbsent) {
        pmu.detail = std::string(kDevice) + ": no such PMU";
        return pmu;
    }
    pmu.present = true;
    const auto type = read_integer(files, std::string(kDevice) + "/type");
    const auto mask = read_text(files, std::string(kDevice) + "/cpumask");
    const auto events = files.list(std::string(kDevice) + "/events");
    if (const auto* failure = std::get_if<FileFailure>(&type)) pmu.detail = failure_text(*failure);
    if (const auto* failure = std::get_if<FileFailure>(&mask)) pmu.detail = failure_text(*failure);
    if (const auto* failure = std::get_if<FileFailure>(&events)) pmu.detail = failure_text(*failure);
    if (!pmu.detail.empty()) return pmu;
    if (const long long number = std::get<long long>(type);
        number < 0 || number > std::numeric_limits<std::uint32_t>::max()) {
        pmu.detail = fmt::format("{}/type: {} is no PMU", kDevice, number);
        return pmu;
    }
    pmu.type = static_cast<std::uint32_t>(std::get<long long>(type));
    pmu.cpus = parse_cpu_list(std::get<std::string>(mask));
    if (pmu.cpus.empty()) {
        pmu.detail =
            fmt::format("{}/cpumask: {} is no CPU list", kDevice, quoted_for_message(std::get<std::string>(mask)));
        return pmu;
    }
    for (const std::string& name : std::get<std::vector<std::string>>(events)) {
        if (name.find('.') == std::string::npos) pmu.events.push_back(read_event(files, name));
    }
    if (pmu.events.empty()) pmu.detail = std::string(kDevice) + "/events is empty";
    return pmu;
}

std::string perf_remedy(FileAccess& files, int error) {
    if (error != EACCES && error != EPERM) return {};
    const auto level = read_integer(files, "/proc/sys/kernel/perf_event_paranoid");
    const auto* number = std::get_if<long long>(&level);
    return fmt::format(
        "perf_event_paranoid is {}: sudo sysctl kernel.perf_event_paranoid=0, or give the program "
        "CAP_PERFMON (sudo setcap cap_perfmon+ep FILE; CAP_SYS_ADMIN before Linux 5.8)",
        number == nullptr ? "unknown" : std::to_string(*number));
}

std::shared_ptr<CounterBank> make_power_pmu_bank(std::shared_ptr<PerfEvents> perf, FileAccess& files,
                                                 const PowerPmu& pmu, const PowercapTree& powercap) {
    return std::make_shared<PowerPmuBank>(std::move(perf), files, pmu, powercap);
}

}  // namespace carbonedge
