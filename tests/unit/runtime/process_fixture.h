#pragma once

#include "lib/runtime/process_engine.h"
#include "tests/unit/runtime/pipeline_fixture.h"

#include <fstream>
#include <string>
#include <vector>

namespace carbonedge {

/// Stage i of the chain on node "n<i>", each a range of one row.
inline Plan plan_of(const std::vector<BuiltinStage>& stages) {
    Plan plan;
    plan.name = "chain";
    plan.profiles.emplace_back();
    Pipeline pipeline;
    pipeline.transfers.resize(stages.size() + 1);
    for (std::size_t i = 0; i < stages.size(); ++i) {
        Node node;
        node.name = "n" + std::to_string(i);
        node.memory = Bytes(256 << 20);
        plan.cluster.nodes.push_back(node);
        plan.node_profile.push_back(0);
        PlannedStage stage;
        stage.layers = {i, i + 1};
        stage.node = node.name;
        pipeline.stages.push_back(stage);
    }
    plan.pipelines.push_back(pipeline);
    return plan;
}

inline EngineOptions test_engine(const TemporaryFolder& folder) {
    EngineOptions options;
    options.node_program = CARBONEDGE_BUILTIN_NODE;
    options.scratch_directory = folder.path().string();
    return options;
}

inline WriteStage writer_of(const std::vector<BuiltinStage>& stages) {
    return [stages](const LayerRange& layers, const std::string& path) {
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stages.at(layers.first));
    };
}

}  // namespace carbonedge
