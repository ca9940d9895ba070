#include "lib/planner/bottleneck_planner.h"

#include "lib/planner/bottleneck_graph.h"
#include "lib/planner/threshold_beam.h"
#include "lib/planner/threshold_probe.h"

#include <algorithm>
#include <limits>

namespace carbonedge {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

constexpr double kSlack = 1e-12;
/// Once the bracket is this narrow, the threshold just below the best plan is worth trying.
constexpr double kNarrow = 1e-3;
/// How close the bound of groups and the beam are brought to what they can do.
constexpr double kCoarse = 1e-4;
constexpr std::size_t kBeamWidth = 100;
/// The bound of groups is asked for a dozen times, so it gets a part of the states only.
constexpr double kGroupedShare = 1.0 / 8;

Groups each_alone(std::size_t kinds) {
    Groups groups;
    for (std::size_t k = 0; k < kinds; ++k) groups.push_back({k});
    return groups;
}

/// Merges kinds of like speed until the states are few enough.
Groups like_speeds(const BottleneckGraph& graph, Groups groups, double most_words) {
    const auto seconds = [&](std::size_t kind) {
        return graph.occupancy(kind, graph.stage(kind, 0, graph.cuts() - 1));
    };
    std::stable_sort(groups.begin(), groups.end(), [&](const auto& left, const auto& right) {
        return seconds(left.front()) < seconds(right.front());
    });
    while (groups.size() > 1 && ThresholdProbe::words_needed(graph, groups) > most_words) {
        std::size_t closest = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t g = 0; g + 1 < groups.size(); ++g) {
            const double ratio = seconds(groups[g + 1].back()) / seconds(groups[g].front());
            if (ratio >= least) continue;
            least = ratio;
            closest = g;
        }
        groups[closest].insert(groups[closest].end(), groups[closest + 1].begin(), groups[closest + 1].end());
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(closest) + 1);
    }
    return groups;
}

/// One problem's bracket: what is proven impossible and the best plan so far.
class Bracket {
public:
    Bracket(const PlanningProblem& problem, const CostTable& table, const ProbingOptions& options)
        : table_(table), options_(options), graph_(problem, table) {
        const Limits& limits = problem.limits;
        if (limits.throughput_per_second) cap_ = 1.0 / *limits.throughput_per_second * (1 + kSlack);
        if (options.cutoff) cap_ = std::min(cap_, *options.cutoff * (1 - kSlack));
        solution_.lower_bound = graph_.largest_row();
    }

    BottleneckSolution solve() {
        Groups groups = each_alone(graph_.kinds().size());
        if (ThresholdProbe::words_needed(graph_, groups) > options_.most_words) {
            approach(groups);
            if (!settled() && !out_of_time()) groups = useful_kinds(groups);
        }
        solution_.complete = ThresholdProbe::words_needed(graph_, groups) <= options_.most_words;
        if (solution_.complete && !solution_.proven) close(groups);
        solution_.feasible = !solution_.placement.empty();
        if (solution_.proven && solution_.feasible) solution_.lower_bound = solution_.value;
        solution_.counters["kinds of nodes"] = static_cast<double>(graph_.kinds().size());
        return std::move(solution_);
    }

private:
    [[nodiscard]] bool out_of_time() const { return options_.out_of_time && options_.out_of_time(); }
    /// No plan is better than what is in hand, or none exists.
    bool settled() {
        if (!solution_.placement.empty() && solution_.lower_bound >= solution_.value * (1 - kSlack)) {
            solution_.proven = true;
        }
        return solution_.proven;
    }
    [[nodiscard]] bool impossible_at(double threshold) const { return threshold <= solution_.lower_bound; }

    /// Takes a placement on kinds as one on nodes.
    void take(Placement placement, const Groups& groups) {
        std::vector<std::size_t> taken(graph_.kinds().size(), 0);
        for (PlacedStage& placed : placement) {
            const std::size_t kind = groups[placed.node].front();
            placed.node = graph_.kinds()[kind].members[taken[kind]++];
        }
        solution_.value = cost_of(table_, placement).occupancy;
        solution_.placement = std::move(placement);
    }

    /// Exact: every group is one kind.
    void close(const Groups& groups) {
        ThresholdProbe probe(graph_, groups);
        const auto try_threshold = [&](double threshold) {
            if (std::optional<Placement> placement = probe.find(threshold)) {
                take(*std::move(placement), groups);
            } else {
                solution_.lower_bound = std::max(solution_.lower_bound, threshold);
            }
        };
        const double guess = graph_.divided_work() * 1.02;
        if (solution_.placement.empty() && !options_.cutoff && guess < cap_ && !impossible_at(guess)) {
            try_threshold(guess);
        }
        if (solution_.placement.empty()) {
            try_threshold(cap_);
            solution_.proven = solution_.placement.empty();
        }
        bool just_below = false;
        while (!settled() && !out_of_time()) {
            const bool narrow = solution_.value - solution_.lower_bound <= kNarrow * solution_.value;
            just_below = narrow && !just_below;
            try_threshold(just_below ? solution_.value * (1 - kSlack)
                                     : 0.5 * (solution_.lower_bound + solution_.value));
        }
        solution_.counters["thresholds probed"] += static_cast<double>(probe.probes());
        solution_.counters["states extended"] += static_cast<double>(probe.states());
    }

    /// A plan by the beam, a bound by groups of kinds.
    void approach(const Groups& alone) {
        ThresholdBeam beam(graph_, kBeamWidth);
        double failed = solution_.lower_bound;
        for (double threshold = std::min(cap_, graph_.divided_work() * 1.1);;) {
            if (std::optional<Placement> placement = beam.find(threshold)) {
                take(*std::move(placement), alone);
            } else {
                failed = threshold;
            }
            if (out_of_time()) break;
            if (solution_.placement.empty()) {
                if (threshold >= cap_) break;
                threshold = std::min(cap_, threshold * 2);
            } else {
                if (solution_.value - failed <= kCoarse * solution_.value) break;
                threshold = 0.5 * (failed + solution_.value);
            }
        }
        const Groups groups = like_speeds(graph_, alone, options_.most_words * kGroupedShare);
        solution_.counters["groups of kinds"] = static_cast<double>(groups.size());
        ThresholdProbe probe(graph_, groups);
        double possible = solution_.placement.empty() ? cap_ : solution_.value * (1 - kSlack);
        double threshold = possible;
        while (!out_of_time()) {
            if (probe.find(threshold)) {
                possible = std::min(possible, threshold);
            } else {
                solution_.lower_bound = std::max(solution_.lower_bound, threshold);
                if (threshold >= cap_) solution_.proven = true;
            }
            if (settled() || solution_.placement.empty() || possible - solution_.lower_bound <= kCoarse * possible) {
                break;
            }
            threshold = 0.5 * (solution_.lower_bound + possible);
        }
        solution_.counters["thresholds probed"] += static_cast<double>(probe.probes());
        solution_.counters["states extended"] += static_cast<double>(probe.states());
    }

    /// Without the kinds on which no stage is within what a better plan may take.
    [[nodiscard]] Groups useful_kinds(const Groups& alone) const {
        ThresholdMasks masks(graph_, alone);
        masks.measure(solution_.placement.empty() ? cap_ : solution_.value * (1 - kSlack));
        Groups useful;
        for (std::size_t k = 0; k < alone.size(); ++k) {
            bool any = false;
            for (std::size_t a = 0; a + 1 < graph_.cuts(); ++a) {
                any = any || masks.ends(k).sure[a] > a || !masks.ends(k).beyond[a].empty();
            }
            if (any) useful.push_back(alone[k]);
        }
        return useful.empty() ? alone : useful;
    }

    const CostTable& table_;
    const ProbingOptions& options_;
    BottleneckGraph graph_;
    double cap_ = std::numeric_limits<double>::max();
    BottleneckSolution solution_;
};

}  // namespace

BottleneckSolution probe_bottleneck(const PlanningProblem& problem, const CostTable& table,
                                    const ProbingOptions& options) {
    return Bracket(problem, table, options).solve();
}

}  // namespace carbonedge
