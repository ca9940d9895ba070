#include "lib/measure/window_plan.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

constexpr Nanoseconds kShortest{10'000'000};

}  // namespace

WindowPlan plan_window(Nanoseconds update_period, double relative_uncertainty, Nanoseconds longest) {
    WindowPlan plan;
    const Nanoseconds needed = to_nanoseconds(to_seconds(update_period) / relative_uncertainty);
    plan.length = std::min(std::max(needed, kShortest), longest);
    plan.reachable = to_seconds(update_period) / to_seconds(plan.length);
    plan.reaches = plan.length >= needed;
    plan.needed = needed;
    return plan;
}

std::int64_t repetitions_for(Nanoseconds once, Nanoseconds window) {
    if (once.count() <= 0) return 1;
    return std::max<std::int64_t>(1, (window + once - Nanoseconds(1)) / once);
}

std::size_t groups_within(Nanoseconds budget, Nanoseconds window, int windows_each, std::size_t most) {
    const std::int64_t fit = budget / (window * windows_each);
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(fit, 1)), 1,
                                   std::max<std::size_t>(most, 1));
}

}  // namespace carbonedge
