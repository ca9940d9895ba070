#include "lib/measure/sensors/power_trace.h"

#include "lib/units/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace carbonedge {

std::string zero_power_reason(const std::string& sensor) {
    return fmt::format("zero-counter: {} shows 0 W throughout", sensor);
}

void PowerTrace::add(Nanoseconds time, Watts power) {
    if (!points_.empty() && time <= points_.back().time) return;
    points_.push_back({time, power.value()});
}

void PowerTrace::forget_before(Nanoseconds time) {
    while (points_.size() > 1 && points_[1].time <= time) points_.pop_front();
}

std::optional<Nanoseconds> PowerTrace::last_time() const {
    if (points_.empty()) return std::nullopt;
    return points_.back().time;
}

std::variant<TraceIntegral, std::string> PowerTrace::integrate(Nanoseconds begin, Nanoseconds end) const {
    if (end <= begin) return std::string("the window is empty");
    const Nanoseconds reach = interval_ * 3 / 2;
    // The trace from one sample before the window to one after it.
    std::vector<Point> used;
    for (const Point& point : points_) {
        if (point.time <= begin) used.clear();
        used.push_back(point);
        if (point.time >= end) break;
    }
    const auto text = [](Nanoseconds time) { return duration_text(to_seconds(time)); };
    if (used.empty()) return std::string("no power sample came");
    if (used.front().time - begin > reach || begin - used.front().time > reach) {
        return fmt::format("no power sample within {} of the window's start", text(reach));
    }
    if (end - used.back().time > reach) {
        return fmt::format("the last power sample came {} before the window's end", text(end - used.back().time));
    }
    TraceIntegral integral;
    integral.expected = (end - begin) / interval_;
    double sum = 0;
    double squares = 0;
    for (const Point& point : used) {
        if (point.time >= begin && point.time <= end) ++integral.samples;
        sum += point.watts;
        squares += point.watts * point.watts;
    }
    if (integral.samples * 2 < integral.expected) {
        return fmt::format("undersampled: {} of {} expected power samples", integral.samples, integral.expected);
    }
    const double count = static_cast<double>(used.size());
    const double mean = sum / count;
    const double length = to_seconds(end - begin).count();

    double joules = 0;
    const auto level = [&](Nanoseconds time) {
        if (time <= used.front().time) return used.front().watts;
        for (std::size_t i = 1; i < used.size(); ++i) {
            if (time > used[i].time) continue;
            const double share = to_seconds(time - used[i - 1].time) / to_seconds(used[i].time - used[i - 1].time);
            return used[i - 1].watts + share * (used[i].watts - used[i - 1].watts);
        }
        return used.back().watts;
    };
    Nanoseconds from = begin;
    double from_watts = level(begin);
    const auto advance_to = [&](Nanoseconds time, double watts) {
        joules += 0.5 * (from_watts + watts) * to_seconds(time - from).count();
        from = time;
        from_watts = watts;
    };
    for (const Point& point : used) {
        if (point.time > begin && point.time < end) advance_to(point.time, point.watts);
    }
    advance_to(end, level(end));
    integral.joules = Joules(joules);

    // 1.96 standard errors of the mean; few samples say nothing of their spread, so up to an interval's worth is open.
    const double variance = count > 1 ? std::max(0.0, (squares - sum * mean) / (count - 1)) : 0.0;
    const double random = 1.96 * std::sqrt(variance / count) * length;
    const double interval = to_seconds(interval_).count();
    const double few = count < 5 ? 0.5 * std::abs(mean) * std::min(interval, length) : 0.0;
    constexpr double kResolutionWatts = 0.001;
    integral.uncertainty = Joules(std::max(random, few) + kResolutionWatts * length);
    return integral;
}

}  // namespace carbonedge
