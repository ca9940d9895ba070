#include "lib/verify/quota_clock.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {

QuotaClock::QuotaClock(const Node& node, double offset)
    : period_(to_seconds(node.quota_period).count()), quota_(node.cpus * period_), origin_(-offset * period_) {}

/// The periods that a long stage uses up whole are passed at once.
double QuotaClock::serve(double now, double busy, double cpu) {
    if (cpu <= 0 || busy <= 0) return now + busy;
    const double speed = cpu / busy;
    enter_period_of(now);
    double left = cpu;
    double elapsed = 0;
    double until_refill = std::clamp(origin_ + (index_ + 1) * period_ - now, 0.0, period_);
    for (;;) {
        const double usable = std::min(left_in_period_, until_refill * speed);
        if (left <= usable * (1 + 1e-12)) {
            left_in_period_ -= left;
            return now + elapsed + left / speed;
        }
        left -= usable;
        elapsed += until_refill;
        const double per_period = std::min(quota_, speed * period_);
        const double passed = std::max(0.0, std::floor(left / per_period) - 1);
        left -= passed * per_period;
        elapsed += passed * period_;
        index_ += 1 + passed;
        left_in_period_ = quota_;
        until_refill = period_;
    }
}

/// Never back: a finish rounded to just before its period stays in it.
void QuotaClock::enter_period_of(double now) {
    const double index = std::floor((now - origin_) / period_ + 1e-12);
    if (index <= index_) return;
    index_ = index;
    left_in_period_ = quota_;
}

std::vector<QuotaClock> quota_clocks(const Cluster& cluster, int set) {
    std::vector<QuotaClock> clocks;
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        const double offset = static_cast<double>(v) * 0.618033988749895 + set * 0.414213562373095;
        clocks.emplace_back(cluster.nodes[v], offset - std::floor(offset));
    }
    return clocks;
}

}  // namespace carbonedge
