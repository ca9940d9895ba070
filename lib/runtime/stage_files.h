#pragma once

#include "lib/partition/plan.h"
#include "lib/runtime/engine.h"

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace carbonedge {

/// Which ranges of layers each node must have.
using StageLoads = std::map<std::string, std::vector<LayerRange>>;
StageLoads loads_of(const std::vector<Pipeline>& pipelines);

/// The pairs of ends that a pipeline's messages go between.
std::set<std::pair<std::string, std::string>> links_of(const Pipeline& pipeline);

/// The stage files of a run, each written when it is first needed.
class StageFiles {
public:
    /// `directory` exists and is the owner's alone.
    StageFiles(std::string directory, WriteStage write);

    [[nodiscard]] std::string path(const LayerRange& layers) const;
    /// Writes those that are not there. Throws what writing throws, and Interrupted; half a file is not left.
    void write(const StageLoads& loads, const std::stop_token& stop) const;
    void remove(const StageLoads& loads) const;

private:
    std::string directory_;
    WriteStage write_;
};

/// Runs all actions at once; rethrows what the first of them threw.
void run_together(const std::vector<std::function<void()>>& actions);

}  // namespace carbonedge
