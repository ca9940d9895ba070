#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/measure/sensors/counter_bank.h"
#include "lib/measure/sensors/counter_meter.h"

namespace carbonedge {

/// One counter through one window: adds up its steps across wraps, remembers the updates at both ends, and knows when
/// its sum can no longer be trusted. Units of the counter inside, joules outside. CounterMeter drives it:
/// open, advance..., begin, advance..., end, advance until closed, result.
class CounterTrack {
public:
    CounterTrack(const CounterDomain& domain, Nanoseconds update_period, const CounterRules& rules);

    void open();
    void advance(std::uint64_t value, Nanoseconds now);
    void fail(const std::string& problem);
    void begin(Nanoseconds now);  ///< the window starts here
    void end(Nanoseconds now);    ///< the window ended there; an update still to come closes it

    [[nodiscard]] const CounterDomain& domain() const { return domain_; }
    [[nodiscard]] int edges() const { return edges_; }
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] bool readable() const { return domain_.problem.empty() && last_read_worked_; }
    [[nodiscard]] bool stood_still() const;
    [[nodiscard]] bool stalled() const { return stalled_; }  ///< it had stopped updating when the window ended
    [[nodiscard]] std::int64_t failures() const { return failures_; }
    [[nodiscard]] Nanoseconds longest_gap() const;
    /// Joules of the window. `source` is left to the caller.
    [[nodiscard]] EnergyResult result(Seconds length) const;

private:
    CounterDomain domain_;
    Nanoseconds period_;
    CounterRules rules_;

    bool has_value_ = false;
    bool last_read_worked_ = true;
    std::string problem_;   ///< of the latest read
    std::string distrust_;  ///< why the sum is lost, whatever comes
    std::int64_t failures_ = 0;
    std::uint64_t value_ = 0;   ///< last value
    Nanoseconds seen_{0};       ///< when it was last read
    Nanoseconds edge_time_{0};  ///< when it was first read
    int edges_ = 0;
    double last_step_ = 0;  ///< units of the last update
    double jitter_ = 0;     ///< seconds between the reads around the last update
    double units_ = 0;      ///< since begin()
    bool begun_ = false;
    bool ended_ = false;
    bool closed_ = false;
    bool stalled_ = false;
    Nanoseconds begin_time_{0};
    Nanoseconds end_time_{0};
    double offset_ = 0;       ///< units used between the update and begin()
    double start_doubt_ = 0;  ///< units
    double end_doubt_ = 0;    ///< units

    [[nodiscard]] Watts rating() const;
    void accept_step(double step, Nanoseconds now);
};

}  // namespace carbonedge
