#pragma once

#include "lib/runtime/inference_backend.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carbonedge {

/// A number of a tensor's data, before it is known what type the tensor has.
struct JsonNumber {
    bool integral = true;
    union {
        std::int64_t whole = 0;
        double real;
    };
};

/// The Open Inference Protocol's inference request in JSON, with the binary tensor data extension. Unknown members are
/// passed over, as protocol buffers pass over unknown fields.
struct InferenceJson {
    struct Input {
        std::string name;
        std::string datatype;
        std::vector<std::int64_t> shape;
        std::optional<std::uint64_t> binary_bytes;  ///< its content follows the JSON
        bool has_data = false;
        std::vector<JsonNumber> data;
        std::vector<std::size_t> nesting;  ///< where data is nested: the number of elements at each depth
    };
    struct Output {
        std::string name;
        std::optional<bool> binary;
    };
    std::string id;
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    bool binary_output = false;  ///< of the outputs that do not say
};

/// Reads `text` into `request`; returns "" or what is wrong with it. More than `most_values` numbers of data are
/// refused before they take memory.
std::string parse_inference_json(std::string_view text, std::size_t most_values, InferenceJson& request);

/// The data of an input as bytes of its type; returns "" or which value does not fit. Half precision has no JSON form.
std::string pack_data(const InferenceJson::Input& input, DType dtype, std::vector<std::byte>& packed);

/// An output as the protocol wants it, in text or as bytes behind the JSON.
struct JsonOutput {
    const InputSpec* spec = nullptr;
    const HostTensor* tensor = nullptr;
    bool binary = false;
};

/// The JSON of a response; returns nothing and says why in `problem` where a value has no JSON form.
std::optional<std::string> inference_response_json(const std::string& model, const std::string& id,
                                                   const std::vector<JsonOutput>& outputs, std::string& problem);

std::string error_json(const std::string& problem);                      ///< {"error": ...}
std::string server_metadata_json(const InferenceBackend& backend);       ///< name, version, extensions
std::string model_metadata_json(const ServedModel& model);               ///< name, versions, platform, tensors
std::string readiness_json(const std::string& key, bool value);          ///< {"ready": true}
std::string model_readiness_json(const std::string& model, bool ready);  ///< {"name": ..., "ready": true}

}  // namespace carbonedge
