#include "lib/tradeoff/front_set.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Differences below this share are rounding: two ways to add the same numbers must not make two points.
constexpr double kSame = 1e-12;
constexpr double kUnbounded = 1e300;

bool at_most(double left, double right) { return left <= right + std::abs(right) * kSame; }
bool below(double left, double right) { return left < right - std::abs(right) * kSame; }

}  // namespace

bool FrontSet::insert(const Outcome& outcome, std::size_t id) {
    const auto no_worse = [this](const Outcome& left, const Outcome& right) {
        return at_most(left.latency, right.latency) && at_most(left.cost, right.cost) &&
               (!throughput_ || at_most(left.occupancy, right.occupancy));
    };
    for (const Entry& entry : entries_) {
        if (no_worse(entry.outcome, outcome)) return false;
    }
    std::erase_if(entries_, [&](const Entry& entry) { return no_worse(outcome, entry.outcome); });
    const auto place =
        std::upper_bound(entries_.begin(), entries_.end(), outcome,
                         [](const Outcome& left, const Entry& right) { return left.latency < right.outcome.latency; });
    entries_.insert(place, {outcome, id});
    return true;
}

/// A set closed upwards reaches below and left of a corner exactly where the corner lies inside it.
bool FrontSet::room_at(double latency, double cost, const OutcomeBound& bound) const {
    if (!below(bound.least.latency, latency) || !below(bound.least.cost, cost)) return false;
    if (cost >= kUnbounded) return true;
    for (std::size_t k = 0; k < bound.prices.size(); ++k) {
        if (!below(bound.sums[k], cost + bound.prices[k] * latency)) return false;
    }
    return true;
}

bool FrontSet::leaves_room(const OutcomeBound& bound) const {
    // The cap itself may be reached, so the last corner lies beyond it.
    const double last = latency_cap_ * (1 + 1e-9);
    double cost = kUnbounded;
    if (throughput_) {
        for (const Entry& entry : entries_) {
            if (!at_most(entry.outcome.occupancy, bound.least.occupancy) || entry.outcome.cost >= cost) continue;
            if (room_at(entry.outcome.latency, cost, bound)) return true;
            cost = entry.outcome.cost;
        }
        return room_at(last, cost, bound);
    }
    // Corners left of the least latency cannot be reached; those above ... below the least cost end the walk.
    const auto first =
        std::upper_bound(entries_.begin(), entries_.end(), bound.least.latency,
                         [](double latency, const Entry& entry) { return latency < entry.outcome.latency; });
    if (first != entries_.begin()) cost = (first - 1)->outcome.cost;
    for (auto entry = first; entry != entries_.end(); ++entry) {
        if (!below(bound.least.cost, cost)) return false;
        if (room_at(entry->outcome.latency, cost, bound)) return true;
        cost = entry->outcome.cost;
    }
    return room_at(last, cost, bound);
}

}  // namespace carbonedge
