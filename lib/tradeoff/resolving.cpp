#include "lib/tradeoff/resolving.h"

#include "lib/planner/solve.h"
#include "lib/tradeoff/plan_problem.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace carbonedge {
namespace {

/// Advantages below this share are rounding.
constexpr double kSame = 1e-9;
constexpr int kMostFollowed = 60;

double just_below(double value) { return value - std::abs(value) * kSame; }

bool allowed(const PlanningProblem& problem, const Placement& placement) {
    return broken_by(problem, CostTable(problem), placement).empty();
}

/// The end nearest to `from` of the stretch up to `to` where `holds`, which it does at `to` and not at `from`.
/// Returns {last point where it does not, first where it does}. `guesses` that lie right there save the halving.
std::pair<double, double> onset(double from, double to, const std::vector<double>& guesses,
                                const std::function<bool(double)>& holds) {
    constexpr double kFine = 1e-10;
    for (const double guess : guesses) {
        for (const double near : {guess + (from - guess) * kFine, guess + (to - guess) * kFine}) {
            if (!(std::min(from, to) < near && near < std::max(from, to))) continue;
            (holds(near) ? to : from) = near;
        }
    }
    for (int halving = 0; halving < 200; ++halving) {
        if (std::abs(to - from) <= kFine * std::max(std::abs(from), std::abs(to))) break;
        const double middle = from + (to - from) / 2;
        if (middle == from || middle == to) break;
        (holds(middle) ? to : from) = middle;
    }
    return {from, to};
}

/// Where a straight line through (from, at_from) and (to, at_to) is 0.
void add_root(std::vector<double>& guesses, double from, double at_from, double to, double at_to) {
    if (at_from * at_to < 0) guesses.push_back(from + (to - from) * at_from / (at_from - at_to));
}

}  // namespace

Resolving::Resolving(const PlanningProblem& problem) {
    check_problem(problem);
    if (problem.objective == Objective::kScore) references_ = score_references(problem, CostTable(problem));
}

std::optional<Resolving::Found> Resolving::best(const PlanningProblem& variant, std::optional<double> cutoff) {
    return best_edited(variant, cutoff, {});
}

std::optional<Resolving::Found> Resolving::best_edited(
    const PlanningProblem& variant, std::optional<double> cutoff,
    const std::function<void(SearchGraph&, const CostTable&)>& edit) {
    const CostTable table(variant);
    SearchGraph graph = build_search_graph(variant, table, references_, Alike::kTellApart);
    if (edit) edit(graph, table);
    ExactPlannerOptions options;
    options.cutoff = cutoff;
    const Solution solution = solve_tables(variant, table, references_, graph, options);
    ++solved_;
    cut_off_ = cut_off_ || solution.status == SearchStatus::kStopped;
    if (solution.placement.empty()) return std::nullopt;
    Found found{solution.placement, objective_value(variant, references_, cost_of(table, solution.placement))};
    if (!edit && cutoff && !(found.value < *cutoff)) return std::nullopt;
    return found;
}

double Resolving::value(const PlanningProblem& variant, const Placement& placement) const {
    return objective_value(variant, references_, cost_of(CostTable(variant), placement));
}

std::optional<BreakEven> break_even(Resolving& resolving, const FigureSet& set, const Placement& placement, double from,
                                    double far) {
    const auto better_at = [&](double x) -> std::optional<Resolving::Found> {
        const PlanningProblem variant = set(x);
        return resolving.best(variant, just_below(resolving.value(variant, placement)));
    };
    const auto broken_at = [&](double x) { return !allowed(set(x), placement); };
    // Values are straight lines in intensities, latencies in seconds a byte: their crossings are where to look first.
    const auto latency_slack = [&](double x, const Placement& plan) {
        const PlanningProblem variant = set(x);
        if (!variant.limits.latency_mean) return 0.0;
        return to_seconds(*variant.limits.latency_mean).count() * (1 + 1e-9) -
               cost_of(CostTable(variant), plan).mean_latency();
    };
    BreakEven found;
    double x = far;
    if (broken_at(far)) {
        std::vector<double> guesses;
        add_root(guesses, from, latency_slack(from, placement), far, latency_slack(far, placement));
        const auto [holds, breaks] = onset(from, far, guesses, broken_at);
        found.at = breaks;
        const auto next = resolving.best(set(breaks));
        if (next) found.successor = next->placement;
        x = holds;
    }
    bool any = x != far;
    for (int followed = 0; followed < kMostFollowed && x != from; ++followed) {
        const std::optional<Resolving::Found> better = better_at(x);
        if (!better) return any ? std::optional(found) : std::nullopt;
        const auto beats = [&](double at) {
            const PlanningProblem variant = set(at);
            return resolving.value(variant, better->placement) < just_below(resolving.value(variant, placement)) &&
                   allowed(variant, better->placement);
        };
        const auto lead = [&](double at) {
            const PlanningProblem variant = set(at);
            return just_below(resolving.value(variant, placement)) - resolving.value(variant, better->placement);
        };
        std::vector<double> guesses;
        add_root(guesses, from, lead(from), x, lead(x));
        add_root(guesses, from, latency_slack(from, better->placement), x, latency_slack(x, better->placement));
        const auto [equal, ahead] = onset(from, x, guesses, beats);
        any = true;
        found.at = ahead;
        found.successor = better->placement;
        x = equal;
    }
    return found;
}

}  // namespace carbonedge
