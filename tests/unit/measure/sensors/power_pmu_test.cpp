#include "lib/measure/sensors/power_pmu.h"

#include "lib/measure/sensors/counter_meter.h"
#include "tests/unit/measure/sensors/fake_time.h"
#include "tests/unit/measure/sensors/system_tree.h"

#include <doctest/doctest.h>
#include <set>

namespace carbonedge {
namespace {

const std::string kDevice = "/sys/bus/event_source/devices/power";

void add_event(SystemTree& system, const std::string& name, const std::string& config,
               const std::string& scale = "2.3283064365386962890625e-10") {
    system.put(kDevice + "/events/" + name, config)
        .put(kDevice + "/events/" + name + ".scale", scale)
        .put(kDevice + "/events/" + name + ".unit", "Joules");
}

/// Counts watts in made-up time, in units of 2^-32 J, updated each millisecond.
class FakePerf : public PerfEvents {
public:
    explicit FakePerf(FakeClock& clock) : clock_(&clock) {}
    int open_error = 0;
    int read_error = 0;
    double running_share = 1.0;
    std::set<int> open_descriptors;
    std::vector<std::pair<std::uint64_t, int>> opened;  ///< config and CPU

    int open(std::uint32_t type, std::uint64_t config, int cpu) override {
        CHECK(type == 22);
        if (open_error != 0) return -open_error;
        opened.emplace_back(config, cpu);
        const int descriptor = 100 + static_cast<int>(opened.size());
        open_descriptors.insert(descriptor);
        return descriptor;
    }
    int read(int descriptor, Count& count) override {
        if (read_error != 0) return read_error;
        clock_->advance(Nanoseconds(1000));
        const auto& [config, cpu] = opened[static_cast<std::size_t>(descriptor - 101)];
        const double watts = 10.0 * static_cast<double>(config) + cpu;
        const double seconds = static_cast<double>(clock_->time().count() / 1'000'000) * 1e-3;
        count.enabled_ns = static_cast<std::uint64_t>(clock_->time().count());
        count.running_ns = static_cast<std::uint64_t>(static_cast<double>(count.enabled_ns) * running_share);
        count.value = static_cast<std::uint64_t>(watts * seconds * 4294967296.0 * running_share);
        return 0;
    }
    void close(int descriptor) override { open_descriptors.erase(descriptor); }

private:
    FakeClock* clock_;
};

void add_two_sockets(SystemTree& system) {
    system.put(kDevice + "/type", "22").put(kDevice + "/cpumask", "0,18");
    add_event(system, "energy-pkg", "event=0x02");
    add_event(system, "energy-ram", "event=0x03");
    add_event(system, "energy-cores", "event=0x01");
    add_event(system, "energy-psys", "event=0x05");
}

TEST_CASE("power PMU: CPU lists") {
    CHECK(parse_cpu_list("0") == std::vector<int>{0});
    CHECK(parse_cpu_list("0,18") == std::vector<int>{0, 18});
    CHECK(parse_cpu_list("0-2,7") == std::vector<int>{0, 1, 2, 7});
    for (const char* text : {"", "x", "1-", "-1", "3-1", "0,,1", "0,x", "0-99999999"}) {
        INFO(text);
        CHECK(parse_cpu_list(text).empty());
    }
}

TEST_CASE("power PMU: type, events, scale, one CPU a socket, packages and DRAM are the total") {
    SystemTree system;
    add_two_sockets(system);
    auto files = system_file_access(system.roots());
    const PowerPmu pmu = read_power_pmu(*files);
    CHECK(pmu.present);
    CHECK(pmu.detail == "");
    CHECK(pmu.type == 22);
    CHECK(pmu.cpus == std::vector<int>{0, 18});
    REQUIRE(pmu.events.size() == 4);

    FakeClock clock;
    auto perf = std::make_shared<FakePerf>(clock);
    {
        const auto bank = make_power_pmu_bank(perf, *files, pmu, {});
        CHECK(perf->opened.size() == 8);
        const auto meter = make_counter_meter(bank, clock);
        CHECK(meter->boundary() == "package+dram");
        meter->start();
        clock.advance(std::chrono::seconds(1));
        const EnergyResult result = meter->stop();
        REQUIRE(std::holds_alternative<EnergyReading>(result));
        CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(20 + 38 + 30 + 48).epsilon(1e-3));
        CHECK(std::get<EnergyReading>(result).source == "perf-power");

        perf->running_share = 0.5;  // multiplexed from the start of the next window on
        const auto again = make_counter_meter(make_power_pmu_bank(perf, *files, pmu, {}), clock);
        again->start();
        clock.advance(std::chrono::seconds(1));
        const EnergyResult scaled = again->stop();
        REQUIRE(std::holds_alternative<EnergyReading>(scaled));
        CHECK(std::get<EnergyReading>(scaled).joules.value() == doctest::Approx(136).epsilon(1e-3));
        REQUIRE(again->window_detail().flags.size() == 1);
        CHECK(again->window_detail().flags[0].rfind("multiplexed", 0) == 0);

        perf->running_share = 0;
        again->start();
        const EnergyResult never = again->stop();
        REQUIRE(std::holds_alternative<EnergyUnavailable>(never));
        CHECK(std::get<EnergyUnavailable>(never).reason.find("never had room") != std::string::npos);
    }
    CHECK(perf->open_descriptors.empty());
}

TEST_CASE("power PMU: what powercap does not show is not summed") {
    SystemTree system;
    add_two_sockets(system);
    system.zone("intel-rapl:0", "package-0", 1).zone("intel-rapl:1", "package-1", 1);
    auto files = system_file_access(system.roots());
    FakeClock clock;
    auto perf = std::make_shared<FakePerf>(clock);
    const auto meter = make_counter_meter(
        make_power_pmu_bank(perf, *files, read_power_pmu(*files), read_powercap_tree(*files)), clock);
    CHECK(meter->boundary() == "package");
    meter->start();
    clock.advance(std::chrono::seconds(1));
    const EnergyResult result = meter->stop();
    REQUIRE(std::holds_alternative<EnergyReading>(result));
    CHECK(std::get<EnergyReading>(result).joules.value() == doctest::Approx(58).epsilon(1e-3));
    CHECK(meter->window_detail().flags.at(0) == "unconfirmed: energy-ram is not in powercap and is left out");
}

TEST_CASE("power PMU: permission, with the level in the remedy, and other errors") {
    SystemTree system;
    add_two_sockets(system);
    system.put("/proc/sys/kernel/perf_event_paranoid", "3");
    auto files = system_file_access(system.roots());
    FakeClock clock;
    struct Row {
        int error;
        const char* says;
    };
    for (const Row& row : {Row{EACCES, "perf_event_paranoid is 3"}, Row{EPERM, "CAP_PERFMON"},
                           Row{ENOENT, "no such file"}, Row{EMFILE, "too many open files"}}) {
        INFO(row.says);
        auto perf = std::make_shared<FakePerf>(clock);
        perf->open_error = row.error;
        const auto meter = make_counter_meter(make_power_pmu_bank(perf, *files, read_power_pmu(*files), {}), clock);
        meter->start();
        const EnergyResult result = meter->stop();
        REQUIRE(std::holds_alternative<EnergyUnavailable>(result));
        CHECK(std::get<EnergyUnavailable>(result).reason.find(row.says) != std::string::npos);
    }
}

TEST_CASE("power PMU: absent, and descriptions that are broken") {
    SystemTree none;
    auto no_files = system_file_access(none.roots());
    CHECK_FALSE(read_power_pmu(*no_files).present);
    CHECK(read_power_pmu(*no_files).detail == kDevice + ": no such PMU");

    struct Row {
        const char* file;
        const char* text;
        bool whole_pmu;
    };
    const Row rows[] = {
        {"/cpumask", "none", true},
        {"/type", "power", true},
        {"/events/energy-pkg", "event=2,any=1", false},
        {"/events/energy-pkg", "config", false},
        {"/events/energy-pkg.scale", "-1", false},
        {"/events/energy-pkg.scale", "2e-10x", false},
        {"/events/energy-pkg.unit", "Watts", false},
    };
    for (const Row& row : rows) {
        INFO(row.file);
        SystemTree system;
        add_two_sockets(system);
        system.put(kDevice + row.file, row.text);
        auto files = system_file_access(system.roots());
        const PowerPmu pmu = read_power_pmu(*files);
        if (row.whole_pmu) {
            CHECK(pmu.detail != "");
            continue;
        }
        FakeClock clock;
        const auto bank = make_power_pmu_bank(std::make_shared<FakePerf>(clock), *files, pmu, {});
        CHECK(bank->domains().at(0).problem.find("energy-pkg") != std::string::npos);
    }
}

}  // namespace
}  // namespace carbonedge
