#pragma once

#include "lib/runtime/stage_runner.h"

#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// A stage without a network, described by a small text file: what calibration measures the transport with and tests
/// run pipelines of. Each output byte is `multiply * input byte + add` modulo 256, the inputs taken one after the other
/// and again from the start where the outputs are larger.
struct BuiltinStage {
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
    int multiply = 1;
    int add = 0;
    Nanoseconds burn{0};  ///< CPU time spent in every pass
    Bytes touch;          ///< memory read in every pass: empties the caches as a network's pass does
    std::string fail;     ///< every pass fails with this
    bool batches = true;  ///< takes several requests at once
};

std::string builtin_stage_text(const BuiltinStage& stage);
/// Throws InputError.
BuiltinStage parse_builtin_stage(std::string_view text, const std::string& file);
bool is_builtin_stage(const std::string& path);

/// What the outputs must be.
std::vector<HostTensor> expected_outputs(const BuiltinStage& stage, const std::vector<HostTensor>& inputs);

std::unique_ptr<StageRunner> make_builtin_runner(const BuiltinStage& stage);

/// Loads builtin stages only.
class BuiltinLoader : public StageLoader {
public:
    void prepare_model_thread() override {}
    std::unique_ptr<StageRunner> load(const std::string& path, bool optimise) override;
};

}  // namespace carbonedge
