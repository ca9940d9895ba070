#pragma once

#include "lib/gate/evidence.h"
#include "lib/gate/verdict.h"

#include <map>
#include <string>
#include <vector>

namespace carbonedge {

/// Which layers are new, gone, or the same under another name.
struct LayerMatching {
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::vector<GateRename> renamed;
    std::map<std::string, std::string> baseline_name;  ///< of every current layer that the baseline has
};

/// Layers are matched by name. One without a namesake is the first in order, among those the other side has not, of the
/// same type, MACs, parameters and output size; else it is new or gone.
LayerMatching match_layers(const std::vector<EvidenceLayer>& baseline, const std::vector<EvidenceLayer>& current);

}  // namespace carbonedge
