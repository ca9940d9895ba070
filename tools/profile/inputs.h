#pragma once

#include "lib/tensor/tensor.h"

#include <cstdint>
#include <string>
#include <vector>

namespace carbonedge {

/// The model's inputs in their order, with content where a file gives one.
struct ModelInputs {
    std::vector<InputSpec> specs;
    std::vector<HostTensor> tensors;  ///< empty, or one for each spec
};

/// From --input and --input-file as typed. A file with a name that an --input has gives that input its content; any
/// other file is an input after those. `batch` multiplies the first axis, repeating a file's content. Throws UsageError
/// and InputError.
ModelInputs read_model_inputs(const std::vector<std::string>& inputs, const std::vector<std::string>& files, int batch,
                              std::uint64_t seed);

}  // namespace carbonedge
