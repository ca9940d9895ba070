#include "lib/tradeoff/weight_sweep.h"

#include "lib/planner/limit_analysis.h"
#include "lib/planner/planner_state.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace carbonedge {
namespace {

/// A plan at its place: latency and carbon in units of the references.
struct Corner {
    Placement placement;
    double latency = 0;
    double carbon = 0;
};

bool same(const Corner& left, const Corner& right) {
    const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b)); };
    return close(left.latency, right.latency) && close(left.carbon, right.carbon);
}

/// The weight at which two corners have one score; `fast` has the lower latency, `clean` the lower carbon.
double tie_weight(const Corner& fast, const Corner& clean) {
    const double time = clean.latency - fast.latency;
    return time / (time + fast.carbon - clean.carbon);
}

double score(const Corner& corner, double weight) { return weight * corner.carbon + (1 - weight) * corner.latency; }

class Walk {
public:
    Walk(const PlanningProblem& problem, const std::function<bool()>& out_of_time) : state_(problem), table_(problem) {
        options_.out_of_time = out_of_time;
        references_ = score_references(problem, table_);
    }

    /// Absent: there is no plan.
    std::optional<Corner> best_at(double weight) {
        state_.change_objective(Objective::kScore, weight);
        const Solution solution = state_.solve(options_);
        ++solved_;
        proven_ = proven_ && (solution.status != SearchStatus::kStopped);
        if (solution.placement.empty()) return std::nullopt;
        const PlacementCost cost = cost_of(table_, solution.placement);
        return Corner{solution.placement, cost.mean_latency() / references_.latency_seconds,
                      cost.parts.grams().value() / references_.carbon_grams};
    }

    /// All corners between two, in order of falling latency weight.
    void between(const Corner& fast, const Corner& clean, std::vector<Corner>& corners) {
        if (!(clean.latency > fast.latency) || !(fast.carbon > clean.carbon)) return;
        if (options_.out_of_time && options_.out_of_time()) {
            proven_ = false;
            return;
        }
        const double weight = tie_weight(fast, clean);
        const std::optional<Corner> found = best_at(weight);
        if (!found || same(*found, fast) || same(*found, clean)) return;
        if (!(score(*found, weight) < score(fast, weight) * (1 - 1e-12))) return;
        between(fast, *found, corners);
        corners.push_back(*found);
        between(*found, clean, corners);
    }

    [[nodiscard]] const ScoreReferences& references() const { return references_; }
    [[nodiscard]] bool proven() const { return proven_; }
    [[nodiscard]] std::size_t solved() const { return solved_; }

private:
    PlannerState state_;
    CostTable table_;
    ExactPlannerOptions options_;
    ScoreReferences references_;
    bool proven_ = true;
    std::size_t solved_ = 0;
};

/// The ends may have equals that are better in the other respect; corners that no weight prefers go.
std::vector<Corner> lower_hull(std::vector<Corner> corners) {
    std::sort(corners.begin(), corners.end(), [](const Corner& left, const Corner& right) {
        return left.latency != right.latency ? left.latency < right.latency : left.carbon < right.carbon;
    });
    std::vector<Corner> hull;
    for (Corner& corner : corners) {
        if (!hull.empty() && !(corner.carbon < hull.back().carbon * (1 - 1e-12))) continue;
        while (!hull.empty() && corner.latency <= hull.back().latency * (1 + 1e-12)) hull.pop_back();
        while (hull.size() > 1 && tie_weight(hull[hull.size() - 2], hull.back()) >= tie_weight(hull.back(), corner)) {
            hull.pop_back();
        }
        hull.push_back(std::move(corner));
    }
    return hull;
}

/// What the published score chooses at a carbon weight.
class Chooser {
public:
    Chooser(const SelectionCandidates& candidates, ScoreMode mode, ScoreVariant variant)
        : need_(candidates.need),
          base_(weights_of(mode)),
          variant_(variant),
          table_(candidates.nodes.size()),
          selector_(candidates.nodes.size()) {
        for (std::size_t i = 0; i < candidates.nodes.size(); ++i) table_.set(NodeIndex(i), candidates.nodes[i]);
    }
    std::optional<std::size_t> at(double weight) {
        const auto chosen = selector_.select(table_, need_, with_carbon_weight(base_, weight), variant_);
        return chosen ? std::optional(chosen->value()) : std::nullopt;
    }
    std::vector<double> scores(double weight) {
        at(weight);
        return {selector_.scores().begin(), selector_.scores().end()};
    }

private:
    TaskNeed need_;
    ScoreWeights base_;
    ScoreVariant variant_;
    NodeTable table_;
    NodeSelector selector_;
};

}  // namespace

std::variant<WeightSweep, Infeasibility> sweep_weights(const PlanningProblem& problem,
                                                       const std::function<bool()>& out_of_time) {
    PlanningProblem scored = problem;
    scored.objective = Objective::kScore;
    scored.carbon_weight = 0;
    Walk walk(scored, out_of_time);
    const std::optional<Corner> fast = walk.best_at(0);
    const std::optional<Corner> clean = walk.best_at(1);
    if (!fast || !clean) {
        if (walk.proven()) return explain_infeasibility(scored, out_of_time);
        return Infeasibility{{}, "no plan was found before the search reached its limit", false};
    }
    std::vector<Corner> corners{*fast};
    walk.between(*fast, *clean, corners);
    corners.push_back(*clean);
    corners = lower_hull(std::move(corners));

    WeightSweep sweep;
    sweep.references = walk.references();
    sweep.proven = walk.proven();
    sweep.problems_solved = walk.solved();
    double from = 0;
    for (std::size_t i = 0; i < corners.size(); ++i) {
        WeightSegment segment;
        segment.from = from;
        segment.latency_seconds = corners[i].latency * sweep.references.latency_seconds;
        segment.grams = corners[i].carbon * sweep.references.carbon_grams;
        if (i + 1 < corners.size()) {
            segment.to = tie_weight(corners[i], corners[i + 1]);
            segment.seconds_per_gram = (corners[i + 1].latency - corners[i].latency) /
                                       (corners[i].carbon - corners[i + 1].carbon) * sweep.references.latency_seconds /
                                       sweep.references.carbon_grams;
        }
        segment.placement = std::move(corners[i].placement);
        from = segment.to;
        sweep.segments.push_back(std::move(segment));
    }
    return sweep;
}

std::vector<SelectionSegment> sweep_selection(const SelectionCandidates& candidates, ScoreMode mode,
                                              ScoreVariant variant) {
    std::vector<SelectionSegment> segments;
    Chooser chooser(candidates, mode, variant);
    std::optional<std::size_t> current = chooser.at(0);
    if (!current) return segments;
    const std::vector<double> at_zero = chooser.scores(0);
    const std::vector<double> at_one = chooser.scores(1);
    const auto slope = [&](std::size_t i) { return at_one[i] - at_zero[i]; };
    double from = 0;
    for (;;) {
        // The first line that crosses the current one from below.
        double crossing = 2;
        for (std::size_t i = 0; i < at_zero.size(); ++i) {
            if (at_zero[i] < 0 || !(slope(i) > slope(*current))) continue;
            const double meet = (at_zero[*current] - at_zero[i]) / (slope(i) - slope(*current));
            crossing = std::min(crossing, std::max(meet, from));
        }
        double high = std::min(1.0, crossing + 1e-9);
        while (high < 1 && chooser.at(high) == current) high = std::min(1.0, crossing + 16 * (high - crossing));
        if (crossing > 1 || chooser.at(high) == current) break;
        double low = from;
        for (;;) {
            const double middle = low + (high - low) / 2;
            if (middle <= low || middle >= high) break;
            (chooser.at(middle) == current ? low : high) = middle;
        }
        segments.push_back({from, high, *current});
        from = high;
        current = chooser.at(high);
    }
    segments.push_back({from, 1, *current});
    return segments;
}

}  // namespace carbonedge
