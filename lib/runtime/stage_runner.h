#pragma once

#include "lib/tensor/tensor.h"
#include "lib/transport/tensor_view.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace carbonedge {

/// What a node runs for a request. Used by one thread, the node's model thread.
class StageRunner {
public:
    virtual ~StageRunner() = default;
    [[nodiscard]] virtual const std::vector<InputSpec>& input_specs() const = 0;
    [[nodiscard]] virtual const std::vector<InputSpec>& output_specs() const = 0;
    [[nodiscard]] virtual const std::string& execution() const = 0;  ///< "optimised", "frozen", "builtin"

    using ReadOutputs = std::function<void(const std::vector<TensorView>&)>;
    /// Calls `read` once, when the outputs are ready; they live until it returns. Several requests may stand one after
    /// the other along the first dimension of every tensor (see batch_refusal()). Throws InputError.
    virtual void run(const std::vector<TensorView>& inputs, const ReadOutputs& read) = 0;
};

/// Makes runners of stage files.
class StageLoader {
public:
    virtual ~StageLoader() = default;
    virtual void prepare_model_thread() = 0;  ///< called in the model thread before anything else
    virtual std::unique_ptr<StageRunner> load(const std::string& path, bool optimise) = 0;
};

/// "input 0 is float32 1x3x8x8, the stage takes float32 1x3x224x224", or "" where everything fits.
std::string describe_mismatch(const std::vector<InputSpec>& specs, const std::vector<TensorView>& tensors);

/// Bytes of one message with these tensors.
Bytes message_bytes(const std::vector<InputSpec>& specs);

}  // namespace carbonedge
