#include "lib/tradeoff/plain_numbers.h"

#include "lib/units/text.h"

#include <fmt/format.h>

namespace carbonedge {

std::string value_text(Objective objective, double value) {
    switch (unit_of(objective)) {
        case Unit::kCarbon:
            return mass_text(GramsCo2e(value)) + " CO2e";
        case Unit::kEnergy:
            return energy_text(Joules(value));
        case Unit::kTime:
            return duration_text(Seconds(value));
        default:
            return fmt::format("{:.4g}", value);
    }
}

std::string cluster_text(const Cluster& cluster) {
    return cluster.name.empty() ? fmt::format("{} nodes", cluster.nodes.size()) : cluster.name;
}

std::string span_text(Seconds time) {
    const double seconds = time.count();
    if (seconds < 120) return duration_text(time);
    if (seconds < 7200) return fmt::format("{:.3g} min", seconds / 60);
    if (seconds < 172'800) return fmt::format("{:.3g} h", seconds / 3600);
    return fmt::format("{:.3g} days", seconds / 86'400);
}

double fitting_portion(double seconds_per_unit) {
    double portion = 1;
    while (portion > 1e-9 && seconds_per_unit * portion >= 1) portion /= 1e3;
    return portion;
}

std::string exchange_text(Objective objective, double seconds_per_unit, double portion) {
    std::string amount = value_text(objective, portion);
    if (const std::size_t zeros = amount.find(".00 "); zeros != std::string::npos) amount.erase(zeros, 3);
    return fmt::format("{} costs {}", amount, duration_text(Seconds(seconds_per_unit * portion)));
}

}  // namespace carbonedge
