#pragma once

#include "lib/planner/prices.h"
#include "lib/planner/reduced_graph.h"
#include "lib/planner/search_graph.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace carbonedge {

/// Raises the bound that prices prove: a deflected subgradient with Polyak steps towards the value of the best known
/// plan, put back to the best prices when it stalls. Never worse than where it started.
class DualAscent {
public:
    /// `start` may come from another problem: it is projected to prices that are valid here.
    DualAscent(const SearchGraph& graph, const LatencyFloor& floor, const KindPrices& start);

    /// A path that the relaxation found: may use a kind too often, may break a limit.
    using MeetPath = std::function<void(const std::vector<PathStep>&)>;

    /// At most `rounds` more. `upper` gives the value of the best known plan (kNotAllowed: none). Ends early when the
    /// bound meets it, when the steps have become tiny, or when `stop` says so; the very first round is always done, so
    /// that there is a bound.
    void climb(const ReducedGraph& graph, std::size_t rounds, const std::function<double()>& upper,
               const MeetPath& meet, const std::function<bool()>& stop);

    [[nodiscard]] double bound() const { return bound_; }
    [[nodiscard]] const KindPrices& prices() const { return best_prices_; }
    [[nodiscard]] const PathWeights& weights() const { return best_weights_; }
    [[nodiscard]] double offset() const { return best_offset_; }
    [[nodiscard]] const PartialWeights& completions() const { return completions_; }
    [[nodiscard]] std::size_t rounds() const { return rounds_; }
    [[nodiscard]] bool stalled() const { return step_factor_ < kLeastStep; }

    /// The best prices evaluated anew, after stages were dropped from the graph.
    void refresh(const ReducedGraph& graph);

private:
    /// Multipliers in units of the value, so that steps in all of them are alike in size.
    struct Point {
        double cap = 0;              ///< of the limit on the latency
        double sum = 0;              ///< share of the latency weight that rests on A
        std::vector<double> refill;  ///< ... and on the refills
        std::vector<double> kind;
        double stage = 0;
    };
    [[nodiscard]] KindPrices prices_at(const Point& point) const;
    void project(Point& point) const;
    [[nodiscard]] Point slope(const std::vector<PathStep>& path) const;
    [[nodiscard]] double dot(const Point& left, const Point& right) const;

    static constexpr double kLeastStep = 1e-3;

    const SearchGraph& graph_;
    LatencyFloor floor_;
    bool capped_ = false;
    double cap_scale_ = 1;      ///< seconds
    double latency_scale_ = 1;  ///< seconds
    double simplex_ = 0;        ///< what sum and refills add up to
    bool count_stages_ = false;
    std::vector<bool> throttled_;  ///< kinds whose quota can bite
    Point at_;
    Point best_;
    Point direction_;
    double bound_ = -kNotAllowed;
    double best_offset_ = 0;
    KindPrices best_prices_;
    PathWeights best_weights_;
    PartialWeights completions_;
    std::size_t rounds_ = 0;
    std::size_t since_better_ = 0;
    double step_factor_ = 1;
};

}  // namespace carbonedge
