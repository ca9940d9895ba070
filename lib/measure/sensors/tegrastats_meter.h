#pragma once

#include "lib/measure/energy_meter.h"
#include "lib/measure/sensors/board_power.h"
#include "lib/measure/sensors/line_source.h"
#include "lib/measure/sensors/meter_clock.h"
#include "lib/measure/sensors/power_trace.h"
#include "lib/measure/sensors/tegrastats_line.h"

#include <iosfwd>
#include <map>
#include <memory>
#include <optional>

namespace carbonedge {

/// Lines of tegrastats on their way to joules: the first value of each rail, integrated over time. The board is told by
/// the rails of the first line that has any.
class TegrastatsTrace {
public:
    explicit TegrastatsTrace(Nanoseconds interval) : interval_(interval), total_(interval) {}

    void accept(std::string_view line, Nanoseconds time);
    void end(const std::string& reason) { ended_ = reason; }
    /// Only lines from `begin` on, and the last one before it, are needed from now.
    void open(Nanoseconds begin);
    /// `detail` gets the rails as parts, flags and counts.
    [[nodiscard]] EnergyResult integrate(Nanoseconds begin, Nanoseconds end, WindowDetail& detail) const;

    [[nodiscard]] const std::optional<BoardRule>& rule() const { return rule_; }
    /// Why there is no rule yet; empty before the first line.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] const std::string& ended() const { return ended_; }

private:
    Nanoseconds interval_;
    PowerTrace total_;
    std::map<std::string, PowerTrace> rails_;
    std::optional<BoardRule> rule_;
    std::string problem_;
    std::string ended_;
    std::int64_t lines_ = 0;
    std::int64_t lines_without_total_ = 0;
};

/// Reads tegrastats as it runs, in a thread of its own. Waits for the first line with power rails, at most `patience`;
/// without one every window is unavailable, with the reason. `interval`: what tegrastats was told (`--interval`).
std::unique_ptr<EnergyMeter> make_tegrastats_meter(std::unique_ptr<LineSource> lines, Nanoseconds interval,
                                                   Nanoseconds patience, MeterClock& clock = system_meter_clock());

/// Energy of a whole recorded log, lines `interval` apart. Where lines have dates that lie further apart, a flag of
/// `detail` says how much time is missing; nothing is made up for it.
struct TegrastatsLog {
    EnergyResult energy;
    WindowDetail detail;
    std::string board;
    std::int64_t lines = 0;
    std::int64_t gaps = 0;
    Nanoseconds missing{0};  ///< time between lines beyond the interval, where dates tell
};
TegrastatsLog integrate_tegrastats_log(std::istream& log, Nanoseconds interval);

}  // namespace carbonedge
