#include "lib/base/utf8.h"
#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/powercap_bank.h"
#include "lib/measure/sensors/powercap_tree.h"
#include "tests/fuzz/text_tree.h"

#include <cmath>

using namespace carbonedge;

/// A package and its DRAM, a line for each file's content: whatever the values, joules are finite and not below 0, or
/// there is a reason; names that reach the screen are clean.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto tree = std::make_shared<TextTree>();
    for (const char* zone : {"/sys/class/powercap/intel-rapl:0", "/sys/class/powercap/intel-rapl:0:0"}) {
        for (const char* file : {"/name", "/energy_uj", "/max_energy_range_uj", "/constraint_0_max_power_uw"}) {
            tree->put(std::string(zone) + file, take_line(text));
        }
    }
    const PowercapTree powercap = read_powercap_tree(*tree);
    for (const PowercapZone& zone : powercap.zones) {
        if (!is_valid_utf8(zone.key()) || zone.key().find('\x1b') != std::string::npos) __builtin_trap();
        if (zone.energy_range && *zone.energy_range == 0) __builtin_trap();
    }
    FastClock clock;
    const auto meter = make_counter_meter(make_powercap_bank(tree, powercap), clock);
    meter->start();
    for (int i = 0; i < 4; ++i) meter->sample();
    const EnergyResult result = meter->stop();
    if (const auto* reading = std::get_if<EnergyReading>(&result)) {
        if (!std::isfinite(reading->joules.value()) || reading->joules.value() < 0) __builtin_trap();
        if (!(reading->uncertainty.value() >= 0)) __builtin_trap();
    } else if (std::get<EnergyUnavailable>(result).reason.empty()) {
        __builtin_trap();
    }
    return 0;
}
