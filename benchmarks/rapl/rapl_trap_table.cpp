// Who is right on which trap of the powercap tree: our reader on trees of files, and the published arithmetic of three
// peers on the same values. Prints a table in Markdown; ends with 1 where our reader is wrong.

#include "benchmarks/rapl/peer_readers.h"
#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/file_access.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"

#include <fmt/format.h>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace carbonedge::rapl {
namespace {

constexpr double kRange = 262'143'328'850.0;
constexpr double kSeconds = 100;
constexpr int kLooks = 5;

class MadeUpTime : public MeterClock {
public:
    Nanoseconds now() override { return time_ += Nanoseconds(50'000); }
    void pause(Nanoseconds length) override { time_ += length; }

private:
    Nanoseconds time_{1'000'000'000};
};

struct Zone {
    std::string id;
    std::string name;
    double watts;
    double start;         ///< microjoules
    bool fails = false;   ///< the last read does
    bool resets = false;  ///< starts again from 0 at the end
    bool wrap_seen = true;
};

struct Trap {
    std::string name;
    std::vector<Zone> zones;
    std::optional<double> joules;  ///< the right answer; absent: that it cannot be known
};

Zone zone(const std::string& id, const std::string& name, double watts, double start = 1e9) {
    return {id, name, watts, start};
}

std::vector<Trap> all_traps() {
    const std::vector<Zone> server = {
        zone("intel-rapl:0", "package-0", 40), zone("intel-rapl:0:0", "core", 30),
        zone("intel-rapl:0:1", "dram", 6),     zone("intel-rapl:1", "package-1", 35, 2e9),
        zone("intel-rapl:1:0", "core", 25),    zone("intel-rapl:1:1", "dram", 5, 2e9),
    };
    std::vector<Zone> with_psys = server;
    with_psys.push_back(zone("intel-rapl:2", "psys", 120));
    std::vector<Zone> with_twins = server;
    with_twins.push_back(zone("intel-rapl-mmio:0", "package-0", 40));
    with_twins.push_back(zone("intel-rapl-mmio:1", "package-1", 35, 2e9));
    std::vector<Zone> wraps = {zone("intel-rapl:0", "package-0", 40, kRange - 2e9),
                               zone("intel-rapl:1", "package-1", 35)};
    std::vector<Zone> just_wrapped = wraps;
    just_wrapped[0].start = kRange - 3.99e9;
    just_wrapped[0].wrap_seen = false;
    std::vector<Zone> fails = {zone("intel-rapl:0", "package-0", 40)};
    fails[0].fails = true;
    std::vector<Zone> resets = {zone("intel-rapl:0", "package-0", 40, 9e9)};
    resets[0].resets = true;
    return {
        {"one package", {zone("intel-rapl:0", "package-0", 40)}, 4000},
        {"two sockets with DRAM and cores", server, 8600},
        {"the same and psys", with_psys, 8600},
        {"the same through registers and mapped memory", with_twins, 8600},
        {"a wrap of one counter of two", wraps, 7500},
        {"read within a second of the wrap", just_wrapped, 7500},
        {"the last read fails", fails, std::nullopt},
        {"the counter is reset", resets, std::nullopt},
        {"the counter stands still", {zone("intel-rapl:0", "package-0", 0)}, std::nullopt},
        {"two dies, a counter each",
         {zone("intel-rapl:0", "package-0-die-0", 30), zone("intel-rapl:1", "package-0-die-1", 38, 5e9)},
         6800},
        {"two dies that show one counter",
         {zone("intel-rapl:0", "package-0-die-0", 68), zone("intel-rapl:1", "package-0-die-1", 68)},
         6800},
        {"DRAM in a wrong unit", {zone("intel-rapl:0", "package-0", 6), zone("intel-rapl:0:0", "dram", 200)}, 600},
        {"psys alone", {zone("intel-rapl:0", "psys", 25)}, 2500},
    };
}

double value_at(const Zone& zone, double share) {
    if (zone.resets && share >= 1) return 1e6;
    return std::fmod(zone.start + zone.watts * kSeconds * share * 1e6, kRange);
}

std::string place_of(const std::string& root, const Zone& zone) { return root + "/sys/class/powercap/" + zone.id; }

void write_counters(const std::string& root, const Trap& trap, double share) {
    for (const Zone& zone : trap.zones) {
        std::ofstream counter(place_of(root, zone) + "/energy_uj");
        if (!(zone.fails && share >= 1)) counter << fmt::format("{:.0f}", value_at(zone, share)) << "\n";
    }
}

std::optional<double> our_joules(const Trap& trap) {
    std::string root = "/tmp/carbonedge-traps-XXXXXX";
    if (::mkdtemp(root.data()) == nullptr) return std::nullopt;
    for (const Zone& zone : trap.zones) {
        std::filesystem::create_directories(place_of(root, zone));
        std::ofstream(place_of(root, zone) + "/name") << zone.name << "\n";
        std::ofstream(place_of(root, zone) + "/max_energy_range_uj") << fmt::format("{:.0f}\n", kRange);
    }
    write_counters(root, trap, 0);
    MadeUpTime clock;
    CounterRules rules;
    rules.await_edges = false;  // a tree of files makes no updates of its own
    auto files = system_file_access({root + "/sys", "/proc", "/dev"});
    const auto meter = make_counter_meter(make_powercap_bank(files, read_powercap_tree(*files)), clock, rules);
    meter->start();
    for (int look = 1; look <= kLooks; ++look) {
        clock.pause(to_nanoseconds(Seconds(kSeconds / kLooks)));
        write_counters(root, trap, static_cast<double>(look) / kLooks);
        if (look < kLooks) meter->sample();
    }
    const EnergyResult result = meter->stop();
    std::filesystem::remove_all(root);
    const auto* reading = std::get_if<EnergyReading>(&result);
    return reading == nullptr ? std::nullopt : std::optional(reading->joules.value());
}

ZoneTable table_of(const Trap& trap) {
    ZoneTable table;
    for (const Zone& zone : trap.zones) {
        ZoneReadings readings{zone.name, kRange, value_at(zone, 0), value_at(zone, 1), zone.wrap_seen};
        if (zone.fails) readings.after.reset();
        table[zone.id] = readings;
    }
    return table;
}

bool is_right(const Trap& trap, const std::optional<double>& answer) {
    if (!trap.joules || !answer) return !trap.joules && !answer;
    return std::abs(*answer - *trap.joules) <= 0.01 * *trap.joules;
}

std::string cell(const Trap& trap, const std::optional<double>& answer) {
    const std::string text = answer ? fmt::format("{:.0f}", *answer) : "none";
    return is_right(trap, answer) ? text : "**" + text + "**";
}

int print_table() {
    fmt::print("| trap | truth J | carbonedge | CodeCarbon | carbontracker | Zeus |\n|---|---|---|---|---|---|\n");
    int right[4] = {0, 0, 0, 0};
    int traps = 0;
    for (const Trap& trap : all_traps()) {
        const ZoneTable table = table_of(trap);
        const std::optional<double> answers[4] = {our_joules(trap), codecarbon_joules(table),
                                                  carbontracker_joules(table), zeus_joules(table)};
        fmt::print("| {} | {} |", trap.name, trap.joules ? fmt::format("{:.0f}", *trap.joules) : "cannot be known");
        for (int i = 0; i < 4; ++i) {
            fmt::print(" {} |", cell(trap, answers[i]));
            right[i] += is_right(trap, answers[i]);
        }
        fmt::print("\n");
        ++traps;
    }
    fmt::print("| right | of {} | {} | {} | {} | {} |\n", traps, right[0], right[1], right[2], right[3]);
    return right[0] == traps ? 0 : 1;
}

}  // namespace
}  // namespace carbonedge::rapl

int main() { return carbonedge::rapl::print_table(); }
