#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/measure/sensors/board_power.h"
#include "lib/measure/sensors/meter_clock.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// Power that can be looked at, rail by rail or device by device.
class RailSensors {
public:
    virtual ~RailSensors() = default;
    [[nodiscard]] virtual std::string name() const = 0;  ///< "ina-hwmon", "nvml-power"
    /// How often a reading changes.
    [[nodiscard]] virtual Nanoseconds update_period() const = 0;
    [[nodiscard]] virtual std::vector<std::string> rails() const = 0;
    /// What its total is made of, or why there is none.
    [[nodiscard]] virtual std::variant<BoardRule, std::string> rule() const = 0;
    /// All rails now, in the order of rails(); false, and why in `problem`, where one cannot be read.
    virtual bool read(std::vector<RailPower>& powers, std::string& problem) = 0;
    /// What a reader of its joules must know.
    [[nodiscard]] virtual std::vector<std::string> flags() const { return {}; }
    /// Error of its own kind, of the joules, beside what the samples show: 0 where none is published.
    [[nodiscard]] virtual double relative_error() const { return 0.0; }
};

/// Integrates such sensors: every start(), sample() and stop() looks once, so a SamplingMeter must stand around it.
/// `interval`: how far apart samples are meant to be, no shorter than the update period.
std::unique_ptr<EnergyMeter> make_rail_meter(std::shared_ptr<RailSensors> sensors, Nanoseconds interval,
                                             MeterClock& clock = system_meter_clock());

}  // namespace carbonedge
