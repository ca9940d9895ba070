#pragma once

#include "lib/runtime/inference_backend.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"

#include <string>
#include <vector>

namespace carbonedge {

/// Serves a model "m" that takes two bytes x and gives two bytes y; how is the test's.
class OneModelBackend : public InferenceBackend {
public:
    [[nodiscard]] std::string server_name() const override { return "test"; }
    [[nodiscard]] bool ready() const override { return true; }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {"m"}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        return ServedModel{name, "test", {parse_input_spec("x=2:uint8")}, {parse_input_spec("y=2:uint8")}};
    }
};

/// One that the model takes.
inline inference::ModelInferRequest two_bytes() {
    inference::ModelInferRequest request;
    request.set_model_name("m");
    auto& input = *request.add_inputs();
    input.set_name("x");
    input.set_datatype("UINT8");
    input.add_shape(2);
    request.add_raw_input_contents("ab");
    return request;
}

}  // namespace carbonedge
