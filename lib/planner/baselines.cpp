#include "lib/planner/baselines.h"

#include "lib/base/random.h"
#include "lib/planner/sequence_splits.h"
#include "lib/planner/two_tier_cut.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace carbonedge {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::size_t> cluster_order(const CostTable& table) {
    std::vector<std::size_t> order(table.nodes());
    std::iota(order.begin(), order.end(), std::size_t{0});
    return order;
}

std::size_t nearest_position(const CostTable& table, std::size_t row) {
    const std::vector<std::size_t>& positions = table.positions();
    const auto after = std::lower_bound(positions.begin(), positions.end(), row);
    if (after == positions.begin() || *after == row) return *after;
    const auto before = std::prev(after);
    return row - *before <= *after - row ? *before : *after;
}

/// Rows [boundaries[b], boundaries[b + 1]) on node order[b], moved to where rows may be cut.
Placement placed(const CostTable& table, const std::vector<std::size_t>& order, const Boundaries& boundaries) {
    Placement placement;
    std::size_t first = 0;
    for (std::size_t b = 0; b + 1 < boundaries.size(); ++b) {
        const std::size_t end =
            b + 2 == boundaries.size() ? table.layers() : nearest_position(table, boundaries[b + 1]);
        if (end > first) placement.push_back({order[b], {first, end}});
        first = std::max(first, end);
    }
    return placement;
}

/// Time of the reference profile's rows between two neighbouring positions: the elements that rules for identical nodes
/// divide.
std::vector<double> block_times(const PlanningProblem& problem, const CostTable& table) {
    const std::vector<LayerProfile>& rows = problem.profiles.front().layers;
    std::vector<double> times;
    for (std::size_t p = 0; p + 1 < table.positions().size(); ++p) {
        double sum = 0;
        for (std::size_t l = table.positions()[p]; l < table.positions()[p + 1]; ++l) {
            sum += to_seconds(rows[l].latency_median).count();
        }
        times.push_back(sum);
    }
    return times;
}

Boundaries as_rows(const CostTable& table, const Boundaries& blocks) {
    Boundaries rows;
    for (const std::size_t block : blocks) rows.push_back(table.positions()[block]);
    return rows;
}

/// Rows before `cut` on the first node, the rest on the second.
Placement two_tier(const CostTable& table, std::size_t first, std::size_t second, std::size_t cut) {
    Placement placement;
    if (cut > 0) placement.push_back({first, {0, cut}});
    if (cut < table.layers()) placement.push_back({second, {cut, table.layers()}});
    return placement;
}

/// Keeps the first of the least.
class Least {
public:
    void offer(double value, const Placement& placement) {
        if (!(value < value_)) return;
        value_ = value;
        placement_ = placement;
    }
    [[nodiscard]] const Placement& placement() const { return placement_; }

private:
    double value_ = kInfinity;
    Placement placement_;
};

void offer_every_cut(const CostTable& table, std::size_t first, std::size_t second, bool by_energy, Least& least) {
    for (const std::size_t cut : table.positions()) {
        if (first == second && cut != table.layers()) continue;
        const Placement placement = two_tier(table, first, second, cut);
        const PlacementCost cost = cost_of(table, placement);
        least.offer(by_energy ? cost.parts.joules().value() : cost.mean_latency(), placement);
    }
}

/// The rows before the one cut that an assignment makes; absent where it is none or not legal.
std::optional<std::size_t> single_cut(const CostTable& table, const std::vector<bool>& on_first) {
    const auto end = std::find(on_first.begin(), on_first.end(), false);
    if (std::find(end, on_first.end(), true) != on_first.end()) return std::nullopt;
    const auto cut = static_cast<std::size_t>(end - on_first.begin());
    const std::vector<std::size_t>& positions = table.positions();
    if (!std::binary_search(positions.begin(), positions.end(), cut)) return std::nullopt;
    return cut;
}

bool keeps_limits(const PlanningProblem& problem, const CostTable& table, const PlacedStage& whole) {
    if (!stage_allowed(problem, table, whole.node, whole.layers)) return false;
    const Limits& limits = problem.limits;
    const PlacementCost cost = cost_of(table, {whole});
    if (limits.latency_mean && cost.mean_latency() > to_seconds(*limits.latency_mean).count()) return false;
    if (limits.throughput_per_second && cost.occupancy * *limits.throughput_per_second > 1) return false;
    return !limits.latency_p95 ||
           replay_placement(problem, table, {whole}).p95.count() <= to_seconds(*limits.latency_p95).count();
}

}  // namespace

Placement equal_layers(const CostTable& table) {
    Boundaries boundaries;
    for (std::size_t b = 0; b <= table.nodes(); ++b) boundaries.push_back(table.layers() * b / table.nodes());
    return placed(table, cluster_order(table), boundaries);
}

Placement memory_weighted(const PlanningProblem& problem, const CostTable& table) {
    const std::vector<Node>& nodes = problem.cluster.nodes;
    std::vector<std::size_t> ring = cluster_order(table);
    std::sort(ring.begin(), ring.end(), [&](std::size_t left, std::size_t right) {
        if (nodes[left].memory != nodes[right].memory) return nodes[left].memory > nodes[right].memory;
        return nodes[left].name > nodes[right].name;
    });
    std::vector<double> memory;
    for (const std::size_t node : ring) memory.push_back(static_cast<double>(nodes[node].memory.value()));
    return placed(table, ring, memory_weighted_split(table.layers(), memory));
}

Placement block_balanced(const PlanningProblem& problem, const CostTable& table) {
    const std::vector<double> times = block_times(problem, table);
    return placed(table, cluster_order(table),
                  as_rows(table, block_partition(times, std::min(table.nodes(), times.size()))));
}

Placement pipedream(const PlanningProblem& problem, const CostTable& table) {
    const std::vector<double> times = block_times(problem, table);
    std::vector<double> transfers;
    for (std::size_t p = 0; p < times.size(); ++p) {
        double slowest = 0;
        for (std::size_t v = 0; v + 1 < table.nodes(); ++v) {
            slowest = std::max(slowest, table.leg_time(v, v + 1, table.positions()[p]));
        }
        transfers.push_back(slowest);
    }
    return placed(table, cluster_order(table),
                  as_rows(table, pipedream_split(times, transfers, std::min(table.nodes(), times.size()))));
}

Placement best_node(const PlanningProblem& problem, const CostTable& table, const ScoreReferences& references) {
    PlanningProblem judged = problem;
    if (judged.objective == Objective::kNone) judged.objective = Objective::kCarbon;
    Least kept;
    Least any;
    for (std::size_t v = 0; v < table.nodes(); ++v) {
        const PlacedStage whole{v, {0, table.layers()}};
        const double value = objective_value(judged, references, cost_of(table, {whole}));
        any.offer(value, {whole});
        if (keeps_limits(problem, table, whole)) kept.offer(value, {whole});
    }
    return kept.placement().empty() ? any.placement() : kept.placement();
}

Placement one_cut(const PlanningProblem& problem, const CostTable& table) {
    const bool by_energy = problem.objective == Objective::kEnergy || problem.objective == Objective::kCarbon;
    Least least;
    for (std::size_t device = 0; device < table.nodes(); ++device) {
        for (std::size_t server = 0; server < table.nodes(); ++server) {
            offer_every_cut(table, device, server, by_energy, least);
        }
    }
    return least.placement();
}

Placement minimum_cut(const PlanningProblem& problem, const CostTable& table) {
    Least least;
    for (std::size_t first = 0; first < table.nodes(); ++first) {
        const Placement whole = two_tier(table, first, first, table.layers());
        least.offer(cost_of(table, whole).mean_latency(), whole);
        for (std::size_t second = 0; second < table.nodes(); ++second) {
            if (second == first) continue;
            const std::optional<std::size_t> cut = single_cut(table, minimum_cut_of_graph(problem, first, second));
            if (cut) {
                const Placement placement = two_tier(table, first, second, *cut);
                least.offer(cost_of(table, placement).mean_latency(), placement);
            } else {
                offer_every_cut(table, first, second, false, least);
            }
        }
    }
    return least.placement();
}

Placement random_pipeline(const CostTable& table, std::uint64_t seed) {
    SeededRandom random(seed);
    const std::size_t inner = table.positions().size() - 2;
    const std::size_t stages = 1 + random.below(std::min(table.nodes(), inner + 1));
    const auto shuffled = [&random](std::vector<std::size_t> items, std::size_t wanted) {
        for (std::size_t i = 0; i < wanted; ++i) std::swap(items[i], items[i + random.below(items.size() - i)]);
        items.resize(wanted);
        return items;
    };
    const std::vector<std::size_t> order = shuffled(cluster_order(table), stages);
    Boundaries boundaries = shuffled({table.positions().begin() + 1, table.positions().end() - 1}, stages - 1);
    std::sort(boundaries.begin(), boundaries.end());
    boundaries.insert(boundaries.begin(), 0);
    boundaries.push_back(table.layers());
    return placed(table, order, boundaries);
}

}  // namespace carbonedge
