#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// Where a node that runs already is reached, "HOST:PORT"; an IPv6 host stands in brackets.
struct NodeAddress {
    std::string node;
    std::string control;
    std::string tensors;
    bool operator==(const NodeAddress&) const = default;
};

/// Reads an INI text `[nodes] schema = carbonedge.nodes/1`, `[node.NAME] control = HOST:PORT, tensors = HOST:PORT`
/// (docs/formats.md), in the order of the file. Throws InputError with file and line.
std::vector<NodeAddress> read_node_addresses(std::string_view text, const std::string& file);
std::string write_node_addresses(const std::vector<NodeAddress>& addresses);

}  // namespace carbonedge
