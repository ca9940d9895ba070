#include "lib/tradeoff/front_bounds.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Beyond this share of the whole range a price of latency makes the cost negligible, yet not lost to rounding.
constexpr double kSteep = 1e3;

double weighted_value(const Outcome& outcome, double price) { return outcome.cost + price * outcome.latency; }

double least_weighted(const std::vector<Outcome>& outcomes, double price) {
    double least = kNotAllowed;
    for (const Outcome& known : outcomes) least = std::min(least, weighted_value(known, price));
    return least;
}

/// Raises the bound of one price after the other, each from the prices of its nearest neighbour.
class Raising {
public:
    Raising(const TradeGraph& graph, FrontBounds& bounds, std::size_t rounds, const MeetPath& meet)
        : graph_(graph), bounds_(bounds), raiser_(graph, bounds.time.root, rounds), meet_(meet) {}

    void know(const Outcome& outcome) { known_.push_back(outcome); }
    [[nodiscard]] const std::vector<Outcome>& known() const { return known_; }

    void raise(double price) {
        const double upper = least_weighted(known_, price);
        const auto place = std::lower_bound(bounds_.prices.begin(), bounds_.prices.end(), price);
        const auto index = place - bounds_.prices.begin();
        WeightedBound raised =
            raiser_.raise(price, start_near(static_cast<std::size_t>(index), upper), upper, [&](const TradePath& path) {
                const PathOutcome found = outcome_of(graph_, path);
                if (!found.feasible) return kNotAllowed;
                meet_(path);
                known_.push_back(found.outcome);
                return weighted_value(found.outcome, price);
            });
        bounds_.prices.insert(place, price);
        bounds_.weighted.insert(bounds_.weighted.begin() + index, std::move(raised));
    }

private:
    [[nodiscard]] BoundPrices start_near(std::size_t index, double upper) const {
        BoundPrices start{std::vector<double>(graph_.nodes, 0), std::vector<double>(graph_.nodes, 0)};
        if (bounds_.weighted.empty()) return start;
        const WeightedBound& near = bounds_.weighted[std::min(index, bounds_.weighted.size() - 1)];
        start.refill_share = near.prices.refill_share;
        if (upper >= kNotAllowed || !(near.value > 0)) return start;
        // Prices of nodes are in the unit of the weighted value.
        for (std::size_t v = 0; v < graph_.nodes; ++v) start.node[v] = near.prices.node[v] * upper / near.value;
        return start;
    }

    const TradeGraph& graph_;
    FrontBounds& bounds_;
    BoundRaiser raiser_;
    const MeetPath& meet_;
    std::vector<Outcome> known_;
};

/// The lower hull of outcomes that ascend in latency.
std::vector<Outcome> lower_hull(const std::vector<FrontSet::Entry>& entries) {
    std::vector<Outcome> hull;
    for (const FrontSet::Entry& entry : entries) {
        const Outcome& next = entry.outcome;
        while (!hull.empty() && next.cost < hull.back().cost && hull.size() > 1) {
            const Outcome& before = hull[hull.size() - 2];
            const double turn = (hull.back().cost - before.cost) * (next.latency - before.latency) -
                                (next.cost - before.cost) * (hull.back().latency - before.latency);
            if (turn < 0) break;
            hull.pop_back();
        }
        if (hull.empty() || next.cost < hull.back().cost) hull.push_back(next);
    }
    return hull;
}

}  // namespace

PathOutcome outcome_of(const TradeGraph& graph, const TradePath& path) {
    PathOutcome result;
    if (path.empty() || path.size() > graph.max_stages) return result;
    double sum = 0;
    double slow = 0;
    double weight = 0;
    Outcome& outcome = result.outcome;
    std::size_t from = graph.gateway();
    std::vector<bool> used(graph.nodes, false);
    for (const TradeStep& step : path) {
        if (used[step.node]) return result;
        used[step.node] = true;
        const std::size_t leg = graph.leg_index(from, step.node, step.from);
        const std::size_t stage = graph.stage_index(step.node, step.from, step.to);
        sum += graph.leg_time[leg] + graph.stage_time[stage];
        slow = std::max(slow, graph.stage_refill[stage]);
        outcome.cost += graph.leg_cost[leg] + graph.stage_cost[stage];
        outcome.occupancy = std::max({outcome.occupancy, graph.leg_time[leg], graph.stage_occupancy[stage]});
        weight += graph.node_latency_weight[step.node];
        from = step.node;
    }
    const std::size_t last = graph.leg_index(from, graph.gateway(), path.back().to);
    sum += graph.leg_time[last];
    outcome.occupancy = std::max(outcome.occupancy, graph.leg_time[last]);
    outcome.latency = std::max(sum, slow);
    outcome.cost += graph.leg_cost[last] + weight * outcome.latency;
    result.feasible = sum < kNotAllowed && sum <= graph.latency_cap;
    return result;
}

FrontBounds front_bounds(const TradeGraph& graph, bool throughput, std::size_t rounds, const MeetPath& meet) {
    FrontBounds bounds;
    bounds.time = least_time(graph);
    if (bounds.time.root > graph.latency_cap || bounds.time.root >= kNotAllowed) return bounds;
    if (throughput) bounds.occupancy = least_occupancy(graph);
    Raising raising(graph, bounds, rounds, meet);
    for (std::size_t v = 0; v < graph.nodes; ++v) {
        const TradePath alone{{v, 0, graph.cuts - 1}};
        const PathOutcome outcome = outcome_of(graph, alone);
        if (!outcome.feasible) continue;
        meet(alone);
        raising.know(outcome.outcome);
    }
    raising.raise(0);
    const double least = bounds.weighted.front().value;
    if (least >= kNotAllowed) return bounds;
    // One price that makes latency and cost alike, one that leaves latency alone.
    const double alike = std::max(least, 1e-300) / bounds.time.root;
    raising.raise(alike);
    raising.raise(alike * kSteep);
    return bounds;
}

void refine_bounds(const TradeGraph& graph, FrontBounds& bounds, const std::vector<FrontSet::Entry>& known,
                   std::size_t weights, std::size_t rounds, const MeetPath& meet) {
    const std::vector<Outcome> hull = lower_hull(known);
    Raising raising(graph, bounds, rounds, meet);
    for (const FrontSet::Entry& entry : known) raising.know(entry.outcome);
    struct Side {
        double price, width;
    };
    std::vector<Side> sides;
    for (std::size_t i = 0; i + 1 < hull.size(); ++i) {
        const double time = hull[i + 1].latency - hull[i].latency;
        const double cost = hull[i].cost - hull[i + 1].cost;
        if (!(time > hull[i].latency * 1e-9) || !(cost > hull[i].cost * 1e-9)) continue;
        sides.push_back({cost / time, time / (hull.back().latency - hull.front().latency) +
                                          cost / (hull.front().cost - hull.back().cost)});
    }
    std::stable_sort(sides.begin(), sides.end(),
                     [](const Side& left, const Side& right) { return left.width > right.width; });
    for (const Side& side : sides) {
        if (bounds.weighted.size() >= weights) break;
        const bool near = std::any_of(bounds.prices.begin(), bounds.prices.end(),
                                      [&](double price) { return std::abs(price - side.price) <= 0.02 * side.price; });
        if (!near) raising.raise(side.price);
    }
}

}  // namespace carbonedge
