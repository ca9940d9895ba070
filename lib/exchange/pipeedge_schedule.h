#pragma once

#include "lib/partition/plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// One stage of a plan that is not ours.
struct ForeignStage {
    std::string node;
    LayerRange layers;  ///< ours: from 0, the end not included
};

/// Reads what PipeEdge's scheduler prints: a YAML list of `host: [first, last]`, layers from 1, both included. Empty
/// where it prints `[]`, which is how it says that it found no schedule. Throws InputError with file and line, also
/// where a stage does not begin after the end of the one before it. Hosts are named as the nodes that they are.
std::vector<ForeignStage> read_pipeedge_schedule(std::string_view text, const std::string& file);

/// The same of a pipeline's stages. A node is called as the host among `hosts` whose node it is, else by its own name.
std::string write_pipeedge_schedule(const Pipeline& pipeline, const std::vector<std::string>& hosts = {});

}  // namespace carbonedge
