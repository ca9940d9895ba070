#include "tools/profile/inputs.h"

#include "lib/base/errors.h"

#include <fmt/format.h>
#include <algorithm>
#include <optional>

namespace carbonedge {
namespace {

struct NamedFile {
    std::string name;
    std::string path;
};

NamedFile split_name(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return {"", text};
    return {text.substr(0, equals), text.substr(equals + 1)};
}

void multiply_batch(InputSpec& spec, int batch) {
    if (batch == 1) return;
    if (spec.shape.empty()) throw UsageError("--batch: a scalar input has no first axis to multiply");
    spec.shape[0] *= batch;
}

void repeat_content(HostTensor& tensor, int batch) {
    const std::vector<std::byte> once = tensor.content;
    for (int copy = 1; copy < batch; ++copy) tensor.content.insert(tensor.content.end(), once.begin(), once.end());
}

}  // namespace

ModelInputs read_model_inputs(const std::vector<std::string>& inputs, const std::vector<std::string>& files, int batch,
                              std::uint64_t seed) {
    ModelInputs result;
    std::vector<std::optional<HostTensor>> contents;
    for (const std::string& text : inputs) {
        result.specs.push_back(parse_input_spec(text));
        multiply_batch(result.specs.back(), batch);
        contents.emplace_back();
    }
    for (const std::string& text : files) {
        const NamedFile file = split_name(text);
        HostTensor tensor = read_npy(file.path);
        InputSpec spec;
        spec.name = file.name;
        spec.dtype = tensor.dtype;
        spec.shape = tensor.shape;
        multiply_batch(spec, batch);
        repeat_content(tensor, batch);
        tensor.name = file.name;
        tensor.shape = spec.shape;
        const auto named = std::find_if(result.specs.begin(), result.specs.end(), [&](const InputSpec& other) {
            return !file.name.empty() && other.name == file.name;
        });
        if (named == result.specs.end()) {
            result.specs.push_back(spec);
            contents.emplace_back(std::move(tensor));
            continue;
        }
        if (named->dtype != spec.dtype || named->shape != spec.shape) {
            throw UsageError(fmt::format("--input-file: {} holds {}:{}, but --input says {}:{}", file.path,
                                         shape_text(tensor.shape), dtype_name(tensor.dtype), shape_text(named->shape),
                                         dtype_name(named->dtype)));
        }
        contents[static_cast<std::size_t>(named - result.specs.begin())] = std::move(tensor);
    }
    if (files.empty()) return result;
    for (std::size_t i = 0; i < result.specs.size(); ++i) {
        result.tensors.push_back(contents[i] ? std::move(*contents[i]) : random_tensor(result.specs[i], seed + i));
    }
    return result;
}

}  // namespace carbonedge
