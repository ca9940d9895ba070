#pragma once

#include "lib/cluster/cluster.h"

#include <string>
#include <string_view>

namespace carbonedge {

/// Reads a cluster INI (docs/formats.md). Unknown sections and keys, duplicates, empty sections, byte order marks and
/// values cut at '#' are refused with file and line; names get the nearest valid one suggested. Throws InputError.
Cluster read_cluster(std::string_view text, const std::string& file);
std::string write_cluster(const Cluster& cluster);

}  // namespace carbonedge
