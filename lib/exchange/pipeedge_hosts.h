#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// The name that a host of PipeEdge has as a node: what a node's name cannot hold ('.' of an address) becomes '-'.
std::string node_of_host(std::string_view host);

/// The hosts of a devices.yml, of all device types. Throws InputError with file and line.
std::vector<std::string> read_pipeedge_hosts(std::string_view devices, const std::string& file);

}  // namespace carbonedge
