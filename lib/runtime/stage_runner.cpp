#include "lib/runtime/stage_runner.h"

#include <fmt/format.h>

namespace carbonedge {

std::string describe_mismatch(const std::vector<InputSpec>& specs, const std::vector<TensorView>& tensors) {
    if (specs.size() != tensors.size()) {
        return fmt::format("{} tensors came, the stage takes {}", tensors.size(), specs.size());
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const InputSpec& spec = specs[i];
        const TensorView& tensor = tensors[i];
        if (spec.dtype != tensor.dtype || spec.shape != tensor.shape) {
            return fmt::format("input {} is {} {}, the stage takes {} {}", i, dtype_name(tensor.dtype),
                               shape_text(tensor.shape), dtype_name(spec.dtype), shape_text(spec.shape));
        }
        const auto expected = static_cast<std::size_t>(tensor_bytes(spec.dtype, spec.shape).value());
        if (tensor.size != expected) {
            return fmt::format("input {} has {} bytes, {} {} needs {}", i, tensor.size, dtype_name(spec.dtype),
                               shape_text(spec.shape), expected);
        }
    }
    return "";
}

Bytes message_bytes(const std::vector<InputSpec>& specs) {
    Bytes total;
    for (const InputSpec& spec : specs) total += tensor_bytes(spec.dtype, spec.shape);
    return total;
}

}  // namespace carbonedge
