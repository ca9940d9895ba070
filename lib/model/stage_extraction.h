#pragma once

#include "lib/model/cut_graph.h"
#include "lib/model/model.h"

#include <string>

namespace carbonedge {

/// What travels inside a stage file besides its code and weights.
struct StageFacts {
    std::string model_sha256;
    LayerRange layers;
    std::vector<InputSpec> inputs;  ///< named "v<id>", with the range of values seen, from which checks are drawn
    std::vector<InputSpec> outputs;
};

/// Name of the entry in the stage file's archive that holds stage_facts_text().
inline constexpr const char* kStageFactsEntry = "carbonedge_stage.txt";
std::string stage_facts_text(const StageFacts& facts);
/// Throws InputError on `path` for a text that stage_facts_text() does not write.
StageFacts parse_stage_facts(const std::string& text, const std::string& path);

/// The specification of a tensor of the graph: "v7=1x16x112x112:float32[-3.2,6)".
InputSpec value_spec(const CutGraph& cut, const torch::jit::Value& value);

/// Writes rows [range.first, range.end) of the frozen graph as a TorchScript file.
void write_stage(const CutGraph& cut, const LayerRange& range, const std::string& model_sha256,
                 const std::string& path);

}  // namespace carbonedge
