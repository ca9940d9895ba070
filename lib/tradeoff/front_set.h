#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace carbonedge {

/// What a plan costs in the two or three things that are traded: less is better in each.
struct Outcome {
    double latency = 0;
    double cost = 0;
    double occupancy = 0;  ///< of the slowest stage or leg; counts in fronts with throughput only
};

/// No outcome of a set of possibilities is better than this: each of the three at least so much, and
/// cost + prices[k] * latency at least sums[k].
struct OutcomeBound {
    Outcome least;
    std::span<const double> prices;
    std::span<const double> sums;
};

/// The outcomes known so far of which none is beaten by another (up to a relative 1e-12). With `throughput` occupancy
/// counts as a third axis.
class FrontSet {
public:
    FrontSet(bool throughput, double latency_cap) : throughput_(throughput), latency_cap_(latency_cap) {}

    struct Entry {
        Outcome outcome;
        std::size_t id = 0;
    };

    /// Takes an outcome in, and those out that it beats. False where a known one is as good: nothing changes.
    bool insert(const Outcome& outcome, std::size_t id);

    /// Whether something within the bound could still be an outcome that no known one equals or beats. Exact for the
    /// bound as given: false only where every outcome within it is beaten or equalled.
    [[nodiscard]] bool leaves_room(const OutcomeBound& bound) const;

    /// Ascending latency.
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

private:
    [[nodiscard]] bool room_at(double latency, double cost, const OutcomeBound& bound) const;

    bool throughput_;
    double latency_cap_;
    std::vector<Entry> entries_;
};

}  // namespace carbonedge
