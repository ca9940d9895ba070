#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/hwmon_energy.h"
#include "lib/measure/sensors/ina_sensors.h"
#include "lib/measure/sensors/power_pmu.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"
#include "tests/fuzz/text_tree.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace carbonedge;

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
