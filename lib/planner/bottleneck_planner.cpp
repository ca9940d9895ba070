#include "lib/planner/bottleneck_planner.h"

#include "lib/planner/bottleneck_graph.h"
#include "lib/planner/threshold_probe.h"

#include <algorithm>
#include <limits>

namespace carbonedge {
namespace {

constexpr double kSlack = 1e-12;
constexpr std::size_t kMostWords = std::size_t{1} << 23U;  // 64 MiB
/// Once the bracket is this narrow, the threshold just below the best plan is worth trying.
constexpr double kNarrow = 1e-3;

double largest_occupancy(const CostTable& table, const Placement& placement) {
    return cost_of(table, placement).occupancy;
}

}  // namespace

std::optional<BottleneckSolution> probe_bottleneck(const PlanningProblem& problem, const CostTable& table,
                                                   const ProbingOptions& options) {
    const BottleneckGraph graph(problem, table);
    if (!ThresholdProbe::fits(graph, kMostWords)) return std::nullopt;
    ThresholdProbe probe(graph);
    BottleneckSolution solution;
    const auto try_threshold = [&](double threshold) {
        std::optional<Placement> placement = probe.find(threshold);
        if (!placement) {
            solution.lower_bound = std::max(solution.lower_bound, threshold);
            return;
        }
        solution.value = largest_occupancy(table, *placement);
        solution.placement = *std::move(placement);
    };
    const Limits& limits = problem.limits;
    double cap = std::numeric_limits<double>::max();
    if (limits.throughput_per_second) cap = 1.0 / *limits.throughput_per_second * (1 + kSlack);
    if (options.cutoff) cap = std::min(cap, *options.cutoff * (1 - kSlack));
    solution.lower_bound = graph.largest_row();
    const double guess = graph.divided_work() * 1.02;
    if (!options.cutoff && guess > solution.lower_bound && guess < cap) {
        try_threshold(guess);
    }
    if (solution.placement.empty()) {
        try_threshold(cap);
        solution.proven = solution.placement.empty();
    }
    bool just_below = false;
    while (!solution.placement.empty() && !solution.proven) {
        const double target = solution.value * (1 - kSlack);
        if (solution.lower_bound >= target) {
            solution.proven = true;
            break;
        }
        if (options.out_of_time && options.out_of_time()) break;
        const bool narrow = solution.value - solution.lower_bound <= kNarrow * solution.value;
        just_below = narrow && !just_below;
        try_threshold(just_below ? target : 0.5 * (solution.lower_bound + solution.value));
    }
    solution.feasible = !solution.placement.empty();
    if (solution.proven && solution.feasible) solution.lower_bound = solution.value;
    solution.counters = {{"kinds of nodes", static_cast<double>(graph.kinds().size())},
                         {"thresholds probed", static_cast<double>(probe.probes())},
                         {"states extended", static_cast<double>(probe.states())}};
    return solution;
}

}  // namespace carbonedge
