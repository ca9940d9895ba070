#include "lib/planner/dual_ascent.h"

#include <algorithm>
#include <cmath>

namespace carbonedge {
namespace {

/// Below this relative difference two bounds are the same.
constexpr double kBetter = 1e-7;
constexpr std::size_t kPatience = 6;  ///< rounds without a better bound before the step is halved
/// Prices so large that rounding would eat the bound prove nothing.
constexpr double kMostPrice = 1e4;

}  // namespace

DualAscent::DualAscent(const SearchGraph& graph, const LatencyFloor& floor, const KindPrices& start)
    : graph_(graph), floor_(floor), capped_(graph.latency_cap < kNotAllowed) {
    if (capped_) cap_scale_ = graph.latency_cap;
    if (floor.least_latency > 0) latency_scale_ = floor.least_latency;
    simplex_ = (graph.latency_weight + floor.least_weight) * latency_scale_;
    throttled_.assign(graph.kinds, false);
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        for (std::size_t i = graph.row[k * graph.cuts]; i < graph.row[(k + 1) * graph.cuts] && !throttled_[k]; ++i) {
            throttled_[k] = graph.refill(i) > 0 && graph.refill(i) < kNotAllowed;
        }
    }
    std::size_t nodes = 0;
    for (const std::vector<std::size_t>& kind : graph.members) nodes += kind.size();
    count_stages_ = graph.max_stages < std::min(nodes, graph.cuts - 1);

    at_.refill.assign(graph.kinds, 0.0);
    at_.kind = start.kind;
    at_.stage = count_stages_ ? start.stage : 0.0;
    double seconds = start.sum;
    for (std::size_t k = 0; k < graph.kinds; ++k) {
        at_.refill[k] = start.refill[k] * latency_scale_;
        seconds += static_cast<double>(graph.members[k].size()) * start.refill[k];
    }
    const double excess = std::max(0.0, seconds - simplex_ / latency_scale_);
    at_.cap = capped_ ? excess * cap_scale_ : 0.0;
    at_.sum = std::max(0.0, start.sum - (capped_ ? excess : 0.0)) * latency_scale_;
    project(at_);
    direction_ = Point{0, 0, std::vector<double>(graph.kinds, 0.0), std::vector<double>(graph.kinds, 0.0), 0};
    best_ = at_;
    best_prices_ = prices_at(at_);
    best_prices_ = prices_at(at_);
}

KindPrices DualAscent::prices_at(const Point& point) const {
    KindPrices prices = no_prices(graph_);
    prices.sum = point.cap / cap_scale_ + point.sum / latency_scale_;
    for (std::size_t k = 0; k < graph_.kinds; ++k) prices.refill[k] = point.refill[k] / latency_scale_;
    prices.kind = point.kind;
    prices.stage = point.stage;
    return prices;
}

/// To the nearest point where nothing is negative and sum and refills (each as often as its kind has members) add up to
/// the weight of the latency.
void DualAscent::project(Point& point) const {
    point.cap = capped_ ? std::max(0.0, point.cap) : 0.0;
    point.stage = count_stages_ ? std::max(0.0, point.stage) : 0.0;
    for (double& price : point.kind) price = std::max(0.0, price);
    if (simplex_ <= 0) {
        point.sum = 0;
        std::fill(point.refill.begin(), point.refill.end(), 0.0);
        return;
    }
    if (graph_.stage_refill.empty()) {
        point.sum = simplex_;
        std::fill(point.refill.begin(), point.refill.end(), 0.0);
        return;
    }
    std::vector<bool> active = throttled_;
    active.push_back(true);
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        if (!throttled_[k]) point.refill[k] = 0;
    }
    for (bool changed = true; changed;) {
        changed = false;
        double total = active[graph_.kinds] ? point.sum : 0.0;
        double squares = active[graph_.kinds] ? 1.0 : 0.0;
        for (std::size_t k = 0; k < graph_.kinds; ++k) {
            const auto members = static_cast<double>(graph_.members[k].size());
            if (!active[k]) continue;
            total += members * point.refill[k];
            squares += members * members;
        }
        const double shift = (total - simplex_) / squares;
        const auto drop = [&](std::size_t which, double value) {
            if (!active[which] || value > 0) return;
            active[which] = false;
            changed = true;
        };
        for (std::size_t k = 0; k < graph_.kinds; ++k) {
            drop(k, point.refill[k] - static_cast<double>(graph_.members[k].size()) * shift);
        }
        drop(graph_.kinds, point.sum - shift);
        if (changed) continue;
        for (std::size_t k = 0; k < graph_.kinds; ++k) {
            point.refill[k] = active[k] ? point.refill[k] - static_cast<double>(graph_.members[k].size()) * shift : 0.0;
        }
        point.sum = active[graph_.kinds] ? point.sum - shift : 0.0;
    }
}

DualAscent::Point DualAscent::slope(const std::vector<PathStep>& path) const {
    Point result{0, 0, std::vector<double>(graph_.kinds, 0.0), std::vector<double>(graph_.kinds, 0.0), 0};
    double sum = 0;
    std::size_t from = graph_.gateway();
    for (const PathStep& step : path) {
        const std::size_t stage = graph_.stage_index(step.kind, step.from, step.to);
        sum += graph_.leg_time[graph_.leg_index(from, step.kind, step.from)] + graph_.stage_time[stage];
        if (simplex_ > 0) result.refill[step.kind] += graph_.refill(stage) / latency_scale_;
        result.kind[step.kind] += 1;
        from = step.kind;
    }
    sum += graph_.leg_time[graph_.leg_index(from, graph_.gateway(), graph_.cuts - 1)];
    if (capped_) result.cap = (sum - graph_.latency_cap) / cap_scale_;
    if (simplex_ > 0 && !graph_.stage_refill.empty()) result.sum = sum / latency_scale_;
    if (count_stages_) result.stage = static_cast<double>(path.size()) - static_cast<double>(graph_.max_stages);
    double across = result.sum;  // steps stay on the simplex of sum and refills
    double squares = 1;
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        const auto members = static_cast<double>(graph_.members[k].size());
        result.kind[k] -= members;
        if (!throttled_[k]) continue;
        across += members * result.refill[k];
        squares += members * members;
    }
    result.sum -= across / squares;
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        if (throttled_[k]) result.refill[k] -= static_cast<double>(graph_.members[k].size()) * across / squares;
    }
    return result;
}

double DualAscent::dot(const Point& left, const Point& right) const {
    double result = left.cap * right.cap + left.sum * right.sum + left.stage * right.stage;
    for (std::size_t k = 0; k < graph_.kinds; ++k) {
        result += left.refill[k] * right.refill[k] + left.kind[k] * right.kind[k];
    }
    return result;
}

void DualAscent::refresh(const ReducedGraph& graph) {
    best_prices_ = prices_at(best_);
    best_weights_ = priced_weights(graph_, best_prices_, floor_);
    best_offset_ = price_offset(graph_, best_prices_, floor_);
    completions_ = graph.completions(best_weights_);
    bound_ = completions_.root >= kNotAllowed ? kNotAllowed : completions_.root - best_offset_;
}

void DualAscent::climb(const ReducedGraph& graph, std::size_t rounds, const std::function<double()>& upper,
                       const MeetPath& meet, const std::function<bool()>& stop) {
    for (std::size_t round = 0; round < rounds && (rounds_ == 0 || !stop()); ++round) {
        const KindPrices prices = prices_at(at_);
        const PathWeights weights = priced_weights(graph_, prices, floor_);
        const double offset = price_offset(graph_, prices, floor_);
        PartialWeights completions = graph.completions(weights);
        ++rounds_;
        const bool dead = completions.root >= kNotAllowed;
        const double value = dead ? kNotAllowed : completions.root - offset;
        const std::vector<PathStep> path = dead ? std::vector<PathStep>{} : graph.best_path(weights, completions);
        if (!dead) meet(path);
        since_better_ = value > bound_ + std::abs(bound_) * kBetter ? 0 : since_better_ + 1;
        if (value > bound_ || rounds_ == 1) {
            bound_ = value;
            best_ = at_;
            best_prices_ = prices;
            best_weights_ = weights;
            best_offset_ = offset;
            completions_ = std::move(completions);
        }
        const double known = upper();
        if (dead || bound_ >= known - std::abs(known) * 1e-12 || step_factor_ < kLeastStep) return;
        if (offset > kMostPrice * std::max(std::abs(bound_), 1e-300) && known >= kNotAllowed) return;
        Point slope_here = slope(path);
        if (since_better_ >= kPatience) {  // back to where it was best, with a smaller step and no memory
            since_better_ = 0;
            step_factor_ *= 0.5;
            at_ = best_;
            direction_ = Point{0, 0, std::vector<double>(graph_.kinds, 0.0), std::vector<double>(graph_.kinds, 0.0), 0};
            continue;
        }
        // The old direction counts as far as the two disagree (Camerini, Fratta and Maffioli 1975).
        const double before = dot(direction_, direction_);
        const double along = dot(direction_, slope_here);
        const double memory = before > 0 && along < 0 ? -1.5 * along / before : 0.0;
        direction_.cap = slope_here.cap + memory * direction_.cap;
        direction_.sum = slope_here.sum + memory * direction_.sum;
        direction_.stage = slope_here.stage + memory * direction_.stage;
        for (std::size_t k = 0; k < graph_.kinds; ++k) {
            direction_.refill[k] = slope_here.refill[k] + memory * direction_.refill[k];
            direction_.kind[k] = slope_here.kind[k] + memory * direction_.kind[k];
            if (at_.kind[k] <= 0 && direction_.kind[k] < 0) direction_.kind[k] = 0;
        }
        if (at_.cap <= 0 && direction_.cap < 0) direction_.cap = 0;
        if (at_.stage <= 0 && direction_.stage < 0) direction_.stage = 0;
        const double norm = dot(direction_, direction_);
        if (norm <= 0) return;
        const double target = known < kNotAllowed ? known : value + 0.05 * std::abs(value);
        const double step = step_factor_ * std::max(target - value, 0.0) / norm;
        at_.cap += step * direction_.cap;
        at_.sum += step * direction_.sum;
        at_.stage += step * direction_.stage;
        for (std::size_t k = 0; k < graph_.kinds; ++k) {
            at_.refill[k] += step * direction_.refill[k];
            at_.kind[k] += step * direction_.kind[k];
        }
        project(at_);
    }
}

}  // namespace carbonedge
