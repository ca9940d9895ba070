#include "lib/planner/node_kinds.h"

namespace carbonedge {
namespace {

bool same_but_for_the_name(Node left, const Node& right) {
    left.name = right.name;
    return left == right;
}

bool same_links(const CostTable& table, std::size_t left, std::size_t right) {
    for (std::size_t end = 0; end <= table.gateway(); ++end) {
        if (end == left || end == right) continue;
        if (!table.same_link(left, end, right, end) || !table.same_link(end, left, end, right)) return false;
    }
    return table.same_link(left, right, right, left);
}

}  // namespace

std::vector<std::vector<std::size_t>> node_kinds(const PlanningProblem& problem, const CostTable& table,
                                                 const std::vector<std::vector<int>>& banned) {
    const std::vector<Node>& nodes = problem.cluster.nodes;
    std::vector<std::vector<std::size_t>> kinds;
    for (std::size_t v = 0; v < nodes.size(); ++v) {
        bool found = false;
        for (std::vector<std::size_t>& kind : kinds) {
            const std::size_t first = kind.front();
            if (problem.node_profile[first] != problem.node_profile[v] || banned[first] != banned[v] ||
                !same_but_for_the_name(nodes[first], nodes[v]) || !same_links(table, first, v)) {
                continue;
            }
            kind.push_back(v);
            found = true;
            break;
        }
        if (!found) kinds.push_back({v});
    }
    return kinds;
}

}  // namespace carbonedge
