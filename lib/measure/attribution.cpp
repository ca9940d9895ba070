#include "lib/measure/attribution.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace carbonedge {
namespace {

/// 97.5 % point of Student's t for 1 to 30 degrees of freedom, to three decimals; 2.042 (that of 30) beyond, a bound.
double student_t(int degrees) {
    constexpr std::array<double, 30> kPoints = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                                2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                                2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    return kPoints[static_cast<std::size_t>(std::clamp(degrees, 1, 30) - 1)];
}

}  // namespace

IdleResult measure_idle(EnergyMeter& meter, int windows, Nanoseconds length,
                        const std::function<void(Nanoseconds)>& rest) {
    if (windows < 2) throw std::invalid_argument("idle power needs at least two windows");
    double sum = 0;
    double squares = 0;
    double own = 0;
    for (int window = 0; window < windows; ++window) {
        meter.start();
        rest(length);
        const EnergyResult result = meter.stop();
        if (const auto* unavailable = std::get_if<EnergyUnavailable>(&result)) return *unavailable;
        const auto& reading = std::get<EnergyReading>(result);
        Nanoseconds measured = meter.window_detail().length;
        if (measured.count() <= 0) measured = length;
        const double watts = (reading.joules / to_seconds(measured)).value();
        sum += watts;
        squares += watts * watts;
        own += (reading.uncertainty / to_seconds(measured)).value();
    }
    const double count = windows;
    const double mean = sum / count;
    const double variance = std::max(0.0, (squares - sum * mean) / (count - 1));
    const double spread = student_t(windows - 1) * std::sqrt(variance / count);
    return IdlePower{Watts(mean), Watts(std::hypot(spread, own / count)), windows};
}

NetEnergy net_of_idle(const EnergyReading& gross, Seconds length, const IdlePower& before, const IdlePower& after) {
    NetEnergy net;
    net.gross = gross;
    net.drift = after.mean - before.mean;
    const Watts idle = (before.mean + after.mean) / 2.0;
    const double spread = 0.5 * std::hypot(before.half_width.value(), after.half_width.value());
    const double half_width = std::hypot(spread, 0.5 * net.drift.value());
    net.idle = idle * length;
    net.idle_half_width = Watts(half_width) * length;
    net.net = gross;
    net.net.joules = gross.joules - net.idle;
    net.net.uncertainty = Joules(std::hypot(gross.uncertainty.value(), net.idle_half_width.value()));
    net.net.boundary = gross.boundary + " net of idle";
    return net;
}

Attribution attribute_by_cpu_time(Joules joules, std::span<const CpuShare> shares, Seconds host_cpu_time) {
    Seconds together{0};
    for (const CpuShare& share : shares) together += share.cpu_time;
    const Seconds whole = std::max(together, host_cpu_time);
    Attribution attribution;
    attribution.unattributed = joules;
    for (const CpuShare& share : shares) {
        const double part = whole.count() > 0 ? share.cpu_time / whole : 0.0;
        attribution.parts.push_back({share.name, joules * part});
        attribution.unattributed -= joules * part;
    }
    return attribution;
}

}  // namespace carbonedge
