#include "lib/base/utf8.h"
#include "lib/measure/sensors/counter_meter.h"
#include "lib/measure/sensors/power_pmu.h"
#include "tests/fuzz/text_tree.h"

#include <cmath>
#include <cstring>

namespace {

using namespace carbonedge;

/// Counts made of the fuzzer's last bytes, eight a figure.
class ByteCounts : public PerfEvents {
public:
    explicit ByteCounts(std::string_view bytes) : bytes_(bytes) {}
    int open(std::uint32_t, std::uint64_t, int) override { return 3; }
    int read(int, Count& count) override {
        count.value = next();
        count.enabled_ns = next();
        count.running_ns = next();
        return 0;
    }
    void close(int) override {}

private:
    std::string_view bytes_;
    std::uint64_t next() {
        std::uint64_t figure = 0;
        const std::size_t size = std::min<std::size_t>(bytes_.size(), sizeof figure);
        if (size > 0) std::memcpy(&figure, bytes_.data(), size);
        bytes_.remove_prefix(size);
        return figure;
    }
};

}  // namespace

/// The power PMU's type, CPU mask, event, scale and unit, one line each, then counts: a figure in joules is finite and
/// comes with a scale above 0, what is refused says why in one clean line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto tree = std::make_shared<TextTree>();
    const std::string device = "/sys/bus/event_source/devices/power";
    for (const char* file :
         {"/type", "/cpumask", "/events/energy-pkg", "/events/energy-pkg.scale", "/events/energy-pkg.unit"}) {
        tree->put(device + file, take_line(text));
    }
    const PowerPmu pmu = read_power_pmu(*tree);
    if (!is_valid_utf8(pmu.detail) || pmu.detail.find('\x1b') != std::string::npos) __builtin_trap();
    if (pmu.cpus.size() > 65536) __builtin_trap();
    for (const PowerEvent& event : pmu.events) {
        if (!is_valid_utf8(event.problem) || event.problem.find('\x1b') != std::string::npos) __builtin_trap();
        if (event.problem.empty() && !(event.joules_per_count > 0 && std::isfinite(event.joules_per_count)))
            __builtin_trap();
    }
    if (pmu.cpus.size() > 16) return 0;
    FastClock clock;
    const auto meter =
        make_counter_meter(make_power_pmu_bank(std::make_shared<ByteCounts>(text), *tree, pmu, PowercapTree()), clock);
    meter->start();
    meter->sample();
    const EnergyResult result = meter->stop();
    if (const auto* reading = std::get_if<EnergyReading>(&result)) {
        if (!std::isfinite(reading->joules.value()) || reading->joules.value() < 0) __builtin_trap();
    } else if (std::get<EnergyUnavailable>(result).reason.empty()) {
        __builtin_trap();
    }
    return 0;
}
