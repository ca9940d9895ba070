#pragma once

#include "lib/runtime/stage_runner.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace grpc {
class Service;
}

namespace carbonedge {

/// A model that an Open Inference Protocol client can see.
struct ServedModel {
    std::string name;
    std::string platform;
    std::vector<InputSpec> inputs;
    std::vector<InputSpec> outputs;
};

/// Why an inference gave no outputs.
struct InferenceFailure {
    enum class Kind { kInvalidInput, kTimeout, kFailed };
    Kind kind = Kind::kFailed;
    std::string problem;
};

/// What answers the protocol: a node for its stages, the gateway for the whole pipeline. All calls are thread-safe.
class InferenceBackend {
public:
    virtual ~InferenceBackend() = default;
    [[nodiscard]] virtual std::string server_name() const = 0;
    [[nodiscard]] virtual bool ready() const = 0;
    [[nodiscard]] virtual std::vector<std::string> model_names() const = 0;
    [[nodiscard]] virtual std::optional<ServedModel> find_model(const std::string& name) const = 0;
    /// `inputs` fit the model's specs in type, shape and size, in the order of the specs.
    virtual std::variant<std::vector<HostTensor>, InferenceFailure> infer(const std::string& model,
                                                                          const std::vector<TensorView>& inputs) = 0;
};

/// GRPCInferenceService over a backend that outlives it. Requests with wrong names, types, shapes or sizes end as
/// INVALID_ARGUMENT, unknown models as NOT_FOUND.
std::unique_ptr<grpc::Service> make_inference_service(InferenceBackend& backend);

}  // namespace carbonedge
