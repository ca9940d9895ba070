#pragma once

#include "lib/cluster/cluster.h"

#include <optional>
#include <string>
#include <string_view>

namespace carbonedge {

/// The first thing that is wrong with a cluster, and where: `section` as in the INI file ("node.green",
/// "link.edge.green", "cluster"), `key` in it or "".
struct ClusterProblem {
    std::string section;
    std::string key;
    std::string problem;  ///< "cpus is 0, expected ..."
};

/// Bounds of every number, names, ends of links: the rules of docs/formats.md, for whatever way a cluster came in.
std::optional<ClusterProblem> find_problem(const Cluster& cluster);

bool is_node_name(std::string_view name);  ///< letters, digits, - and _, at least one

std::string link_section(const Link& link);  ///< "link.edge.green"; "link.default" without ends

}  // namespace carbonedge
