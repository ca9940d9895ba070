#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/meter_clock.h"

#include <memory>

namespace carbonedge {

/// The bounds that CounterMeter judges by. The defaults are explained in docs/measuring.md.
struct CounterRules {
    bool await_edges = true;  ///< false: read at once at both ends, uncertain by a whole update period each
    int edge_patience = 4;    ///< update periods that a counter may stand still before we stop waiting ...
    Nanoseconds package_patience{50'000'000};  ///< ... and for packages at least so long: they always draw power
    int probe_edges = 4;                       ///< updates watched at first, where two counters could mirror each other
    Watts unknown_limit{500.0};                ///< rating assumed for a domain that states none
    double absurd_factor = 4.0;                ///< more than so many times the rating is no power but a fault
    double absurd_dram_ratio = 1.5;            ///< DRAM above this many times the packages is a wrong unit
    Watts absurd_dram_floor{20.0};             ///< ... if it is above this too: DRAM of an idle machine may lead
    Nanoseconds zero_after{100'000'000};       ///< a counter that stands still for so long does not count
};

/// A meter over cumulative counters.
///
/// start() returns just after an update of each counter, so that the window starts at a known value. stop() waits for
/// the update that closes the step it falls in and takes the part of that step which lies before stop(). The
/// uncertainty is what can hide in these two steps; it does not include the sensor's own calibration, which no
/// interface tells.
///
/// A window is unavailable, with the reason, when a summed counter could not be read at its ends, was not looked at for
/// so long that it may have wrapped unseen (half of range / (2 x rating)), jumped by more than absurd_factor x rating,
/// or stood still. Between the ends a read may fail: the counter is cumulative, nothing is lost, the flag says it.
std::unique_ptr<EnergyMeter> make_counter_meter(std::shared_ptr<CounterBank> bank,
                                                MeterClock& clock = system_meter_clock(),
                                                const CounterRules& rules = {});

/// How often the counters of a bank really change, looked at for `length`: zero where none did.
Nanoseconds observed_update_period(CounterBank& bank, MeterClock& clock, Nanoseconds length);

}  // namespace carbonedge
