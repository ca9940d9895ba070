#include "lib/planner/bottleneck_graph.h"

#include "lib/planner/search_graph.h"

#include <algorithm>
#include <limits>

namespace carbonedge {
namespace {

/// A limit counts as met up to this relative slack, as in the search by labels.
constexpr double kSlack = 1e-12;

bool same_stages(const PlanningProblem& problem, std::size_t left, std::size_t right) {
    const Node& a = problem.cluster.nodes[left];
    const Node& b = problem.cluster.nodes[right];
    if (problem.node_profile[left] != problem.node_profile[right] || a.speed_factor != b.speed_factor) return false;
    if (a.memory != b.memory || can_be_throttled(a) != can_be_throttled(b)) return false;
    return !can_be_throttled(a) || a.cpus == b.cpus;
}

bool same_legs(const CostTable& table, std::size_t left, std::size_t right) {
    for (std::size_t end = 0; end <= table.gateway(); ++end) {
        if (end == left || end == right) continue;
        if (!table.same_leg_times(left, end, right, end) || !table.same_leg_times(end, left, end, right)) return false;
    }
    return table.same_leg_times(left, right, right, left);
}

std::vector<std::vector<std::size_t>> alike(const PlanningProblem& problem, const CostTable& table,
                                            const std::vector<std::vector<int>>& banned) {
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t v = 0; v < table.nodes(); ++v) {
        const auto found = std::find_if(groups.begin(), groups.end(), [&](const std::vector<std::size_t>& group) {
            const std::size_t first = group.front();
            return same_stages(problem, first, v) && banned[first] == banned[v] && same_legs(table, first, v);
        });
        if (found == groups.end()) {
            groups.push_back({v});
        } else {
            found->push_back(v);
        }
    }
    return groups;
}

/// The furthest cut of a stage from each cut, by the layers that the node may not run.
std::vector<std::size_t> open_cuts(const std::vector<int>& banned, const std::vector<std::size_t>& positions,
                                   bool given_cuts) {
    std::vector<std::size_t> open(positions.size());
    for (std::size_t a = positions.size(); a-- > 0;) {
        open[a] = a;
        if (a + 1 == positions.size() || banned[positions[a + 1]] > banned[positions[a]]) continue;
        open[a] = given_cuts ? a + 1 : std::max(a + 1, open[a + 1]);
    }
    return open;
}

/// How much what a stage pays for leaving at a cut varies over the cuts.
void measure_spreads(const PlanningProblem& problem, const CostTable& table, BottleneckKind& kind) {
    const std::size_t v = kind.members.front();
    const std::vector<std::size_t>& positions = table.positions();
    const auto profile = static_cast<std::size_t>(problem.node_profile[v]);
    const BoundaryCost& boundary = problem.profiles[profile].boundary;
    const TransportCost& transport = problem.cluster.transport;
    const double scale = profile == 0 ? 1.0 / problem.cluster.nodes[v].speed_factor : 1.0;
    const double infinity = std::numeric_limits<double>::infinity();
    double wall_low = infinity, wall_high = 0, cpu_low = infinity, cpu_high = 0, bytes_low = infinity, bytes_high = 0;
    for (std::size_t b = 1; b < positions.size(); ++b) {
        const double bytes = static_cast<double>(table.cut_bytes(positions[b]).value());
        const bool inner = b + 1 < positions.size();
        const double wall = inner ? (boundary.fixed_ns + boundary.per_byte_ns * bytes) * 1e-9 * scale : 0.0;
        const double cpu = wall + transport.send_cpu_per_byte_ns * bytes * 1e-9;
        wall_low = std::min(wall_low, wall);
        wall_high = std::max(wall_high, wall);
        cpu_low = std::min(cpu_low, cpu);
        cpu_high = std::max(cpu_high, cpu);
        bytes_low = std::min(bytes_low, bytes);
        bytes_high = std::max(bytes_high, bytes);
    }
    kind.occupancy_spread = wall_high - wall_low;
    if (table.throttled(v))
        kind.occupancy_spread = std::max(kind.occupancy_spread, (cpu_high - cpu_low) / table.rate(v));
    kind.memory_spread = problem.cluster.buffers.send * (bytes_high - bytes_low);
}

}  // namespace

BottleneckGraph::BottleneckGraph(const PlanningProblem& problem, const CostTable& table) : table_(table) {
    const std::vector<std::vector<int>> banned = banned_layers(problem);
    for (std::vector<std::size_t>& members : alike(problem, table, banned)) {
        const std::size_t v = members.front();
        BottleneckKind kind;
        kind.memory_limit = problem.hold_memory
                                ? static_cast<double>(problem.cluster.nodes[v].memory.value()) * (1 + kSlack)
                                : std::numeric_limits<double>::infinity();
        kind.open = open_cuts(banned[v], table.positions(), problem.given_cuts.has_value());
        kind.members = std::move(members);
        measure_spreads(problem, table, kind);
        kinds_.push_back(std::move(kind));
    }
    max_stages_ = std::min(table.nodes(), problem.limits.max_nodes.value_or(table.nodes()));
}

double BottleneckGraph::leg(std::size_t from_kind, std::size_t to_kind, std::size_t cut) const {
    const std::vector<std::size_t>& from = kinds_[from_kind].members;
    const std::vector<std::size_t>& to = kinds_[to_kind].members;
    return table_.leg_time(from.front(), to[from_kind == to_kind ? 1 : 0], position(cut));
}

double BottleneckGraph::leg_in(std::size_t kind) const {
    return table_.leg_time(table_.gateway(), kinds_[kind].members.front(), position(0));
}

double BottleneckGraph::leg_out(std::size_t kind) const {
    return table_.leg_time(kinds_[kind].members.front(), table_.gateway(), position(cuts() - 1));
}

double BottleneckGraph::largest_row() const {
    double largest = 0;
    for (std::size_t layer = 0; layer < table_.layers(); ++layer) {
        double least = std::numeric_limits<double>::infinity();
        for (const BottleneckKind& kind : kinds_) {
            least = std::min(least, table_.row_wall(kind.members.front(), layer));
        }
        largest = std::max(largest, least);
    }
    return largest * (1 - 1e-9);  // a row alone and within a longer stage differ in their last bits
}

double BottleneckGraph::divided_work() const {
    double rate = 0;
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
        const double whole = occupancy(k, stage(k, 0, cuts() - 1));
        if (whole > 0) rate += static_cast<double>(kinds_[k].members.size()) / whole;
    }
    return rate > 0 ? 1.0 / rate : 0.0;
}

}  // namespace carbonedge
