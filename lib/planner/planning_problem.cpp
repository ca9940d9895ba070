#include "lib/planner/planning_problem.h"

#include "lib/base/errors.h"
#include "lib/base/spelling.h"

#include <fmt/format.h>
#include <algorithm>
#include <string>

namespace carbonedge {
namespace {

std::vector<std::string> names_of(const std::vector<LayerProfile>& layers) {
    std::vector<std::string> names;
    for (const LayerProfile& layer : layers) names.push_back(layer.name);
    return names;
}

std::vector<std::string> names_of(const std::vector<Node>& nodes) {
    std::vector<std::string> names;
    for (const Node& node : nodes) names.push_back(node.name);
    return names;
}

void check_name(std::string_view option, std::string_view kind, const std::string& name,
                const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    const std::string nearest = nearest_name(name, names);
    if (names.size() <= 12) throw UsageError(fmt::format("{}: {}", option, unknown_name_message(kind, name, names)));
    throw UsageError(fmt::format("{}: unknown {} '{}'{}", option, kind, name,
                                 nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest)));
}

void check_same_model(const Profile& reference, const Profile& own, const std::string& node) {
    if (own.model_sha256 != reference.model_sha256 || names_of(own.layers) != names_of(reference.layers)) {
        throw UsageError(
            fmt::format("the profile of node '{}' is of another model or has other rows than the reference; profile {} "
                        "on that node",
                        node, reference.model_name));
    }
}

void check_given_cuts(const PlanningProblem& problem) {
    const std::vector<Cut> cuts = find_cuts(problem.profiles.front());
    for (const std::size_t position : *problem.given_cuts) {
        if (position == 0 || position + 1 >= cuts.size()) {
            throw UsageError(fmt::format("cut {} is not between two layers (1 to {})", position, cuts.size() - 2));
        }
        if (!cuts[position].legal)
            throw UsageError(fmt::format("cut {} is not legal: {}", position, cuts[position].reason));
    }
}

}  // namespace

void check_problem(const PlanningProblem& problem) {
    const Cluster& cluster = problem.cluster;
    if (cluster.nodes.empty()) throw InputError("cluster", 0, "has no node");
    if (cluster.nodes.size() > kMaxPlannedNodes) {
        throw UsageError(fmt::format("the planner takes at most {} nodes, this cluster has {}", kMaxPlannedNodes,
                                     cluster.nodes.size()));
    }
    for (const Node& node : cluster.nodes) {
        if (!(node.cpus > 0)) throw InputError("cluster", 0, fmt::format("node '{}' has no cpus", node.name));
        if (node.quota_period.count() <= 0) {
            throw InputError("cluster", 0, fmt::format("node '{}' has no quota period", node.name));
        }
    }
    if (problem.profiles.empty() || problem.profiles.front().layers.empty()) {
        throw InputError("profile", 0, "has no layer");
    }
    for (std::size_t v = 0; v < cluster.nodes.size(); ++v) {
        check_same_model(problem.profiles.front(), problem.profiles[static_cast<std::size_t>(problem.node_profile[v])],
                         cluster.nodes[v].name);
    }
    const std::vector<std::string> layers = names_of(problem.profiles.front().layers);
    const std::vector<std::string> nodes = names_of(cluster.nodes);
    for (const auto& [layer, node] : problem.limits.pinned) {
        check_name("--pin", "layer", layer, layers);
        check_name("--pin", "node", node, nodes);
    }
    for (const auto& [layer, node] : problem.limits.forbidden) {
        if (layer != "*") check_name("--forbid", "layer", layer, layers);
        check_name("--forbid", "node", node, nodes);
    }
    if (problem.given_cuts) check_given_cuts(problem);
}

}  // namespace carbonedge
