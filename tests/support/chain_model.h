#pragma once

#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/reference_model.h"

#include <fstream>
#include <string>
#include <vector>

namespace carbonedge {

/// A chain of builtin stages as if it were one model.
class ChainModel : public ReferenceModel {
public:
    explicit ChainModel(std::vector<BuiltinStage> stages) : stages_(std::move(stages)) {}

    [[nodiscard]] const std::string& sha256() const override { return sha256_; }
    void write_stage(const LayerRange& layers, const std::string& path) override {
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stages_.at(layers.first));
    }
    std::vector<HostTensor> run(const std::vector<HostTensor>& inputs) override {
        std::vector<HostTensor> outputs = inputs;
        for (const BuiltinStage& stage : stages_) outputs = expected_outputs(stage, outputs);
        if (wrong) outputs[0].content[0] ^= std::byte{1};
        return outputs;
    }
    [[nodiscard]] OutputDifference compare(const std::vector<HostTensor>& reference,
                                           const std::vector<HostTensor>& actual) const override {
        OutputDifference difference;
        difference.conclusive = true;
        for (std::size_t i = 0; i < reference.size(); ++i) {
            if (reference[i].content != actual.at(i).content) difference.relative = 1;
        }
        return difference;
    }

    bool wrong = false;

private:
    std::vector<BuiltinStage> stages_;
    std::string sha256_ = std::string(64, 'a');
};

}  // namespace carbonedge
