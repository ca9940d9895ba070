#pragma once

#include "lib/planner/placement.h"
#include "lib/planner/threshold_masks.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace carbonedge {

/// Looks for a pipeline within a threshold where there are too many kinds of nodes to try all: keeps the partial
/// pipelines that waste the least of what their nodes could do in the time. What it finds holds; finding nothing proves
/// nothing. Deterministic.
class ThresholdBeam {
public:
    /// Keeps a reference.
    ThresholdBeam(const BottleneckGraph& graph, std::size_t width);

    /// Stages within the threshold, on kinds in place of nodes.
    std::optional<Placement> find(double threshold);

private:
    const BottleneckGraph& graph_;
    ThresholdMasks masks_;
    std::size_t width_;
    std::vector<double> done_;        ///< per cut: share of the work before it
    std::vector<double> per_second_;  ///< per kind: share of the work that a node does in a second
};

}  // namespace carbonedge
