#pragma once

#include "lib/profile/profile.h"
#include "lib/units/quantity.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace carbonedge {

/// No joules for this window, and why. Never a silent zero.
struct EnergyUnavailable {
    std::string reason;
};
using EnergyResult = std::variant<EnergyReading, EnergyUnavailable>;

/// What one domain, rail or device of a meter did in a window. Shown beside the total, never added to it.
struct EnergyPart {
    std::string name;      ///< "package-0/dram", "VDD_CPU_CV"
    std::string boundary;  ///< "dram", "core", ...
    bool in_total = false;
    EnergyResult energy;
};

/// What stands behind the last window: for people, for flags in files, for tests.
struct WindowDetail {
    Nanoseconds begin{0};  ///< on CLOCK_MONOTONIC_RAW
    Nanoseconds length{0};
    std::vector<EnergyPart> parts;
    std::vector<std::string> flags;  ///< "mirrored: ...", "undersampled: ...": what a reader of the joules must know
    std::int64_t samples = 0;
    std::int64_t expected_samples = 0;  ///< 0: any number will do
};

/// A source of joules. Implementations: the model meter (CPU seconds x power curve); sensors come beside it.
class EnergyMeter {
public:
    virtual ~EnergyMeter() = default;
    [[nodiscard]] virtual std::string name() const = 0;      ///< "model:cpu-seconds"
    [[nodiscard]] virtual std::string boundary() const = 0;  ///< what it covers: "core-dynamic", "package+dram", ...
    /// How often its value changes; zero where it is continuous. Windows are sized from it.
    [[nodiscard]] virtual Nanoseconds update_period() const = 0;
    virtual void start() = 0;
    /// Joules since start(), of the whole boundary.
    virtual EnergyResult stop() = 0;
    /// Between start() and stop(), from any thread: looks at the sensor. Needed at least every longest_gap().
    virtual void sample() {}
    /// A longer time without a look makes the window unknown (a counter may have wrapped twice, power was not seen).
    [[nodiscard]] virtual Nanoseconds longest_gap() const { return Nanoseconds::max(); }
    /// About the window that stop() ended last.
    [[nodiscard]] virtual WindowDetail window_detail() const { return {}; }
};

/// A documented power curve of one core. Dynamic energy of t CPU seconds is t x (busy - idle).
struct PowerCurve {
    Watts idle_per_core{0.0};
    Watts busy_per_core{1.0};
    double relative_uncertainty = 0.5;  ///< half width of the band, stated with every joule
    std::string source;                 ///< where the numbers come from
    /// Power drawn by memory while the metered work runs, over its wall time; 0: left out.
    Watts memory{0.0};
    /// Further points of the curve, utilisation of one core in (0, 1) to watts, ascending; a line runs through idle,
    /// these and busy. Empty: a straight line.
    std::vector<std::pair<double, Watts>> points = {};
};

/// Power of one core at a utilisation in [0, 1], on the curve.
Watts power_at(const PowerCurve& curve, double utilisation);

/// Joules of a known amount of CPU time under a curve, tagged estimated.
EnergyReading estimate_energy(Seconds cpu_time, const PowerCurve& curve);

/// Joules of CPU time used within a wall time by `cores` cores: cores x (power at their mean utilisation - idle) x
/// wall, and memory watts x wall (boundary "core-dynamic+memory-model"). Without points and memory the same as above.
EnergyReading estimate_energy(Seconds cpu_time, Seconds wall_time, double cores, const PowerCurve& curve);

/// Meters the CPU time of this process (all threads) between start and stop.
std::unique_ptr<EnergyMeter> make_model_meter(const PowerCurve& curve);

}  // namespace carbonedge
