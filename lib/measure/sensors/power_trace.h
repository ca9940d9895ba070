#pragma once

#include "lib/units/quantity.h"

#include <deque>
#include <optional>
#include <string>
#include <variant>

namespace carbonedge {

/// Joules of a stretch of a power trace.
struct TraceIntegral {
    Joules joules;
    Joules
        uncertainty;  ///< half width of a 95 % interval from the samples' own spread; blind to what lies between them
    std::int64_t samples = 0;   ///< inside the stretch
    std::int64_t expected = 0;  ///< its length over the interval
};

/// Power seen at moments, about every `interval`. Linear between neighbours; the first and last value hold outwards for
/// at most 1.5 intervals.
class PowerTrace {
public:
    explicit PowerTrace(Nanoseconds interval) : interval_(interval) {}

    void add(Nanoseconds time, Watts power);
    /// Drops what no stretch from `time` on needs.
    void forget_before(Nanoseconds time);
    void clear() { points_.clear(); }
    [[nodiscard]] bool empty() const { return points_.empty(); }
    [[nodiscard]] std::optional<Nanoseconds> last_time() const;

    /// The integral from `begin` to `end`; or the reason, where no sample is near enough to an end or less than half of
    /// the expected samples are there.
    [[nodiscard]] std::variant<TraceIntegral, std::string> integrate(Nanoseconds begin, Nanoseconds end) const;

private:
    struct Point {
        Nanoseconds time;
        double watts;
    };
    Nanoseconds interval_;
    std::deque<Point> points_;
};

/// Why a total that stays at exactly 0 W is no measurement: neither board nor GPU runs on nothing.
std::string zero_power_reason(const std::string& sensor);

}  // namespace carbonedge
