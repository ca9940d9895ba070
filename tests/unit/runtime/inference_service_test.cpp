#include "lib/runtime/inference_service.h"

#include "lib/runtime/grpc_server.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <atomic>
#include <mutex>

namespace carbonedge {
namespace {

/// Gives back what it takes, or nothing at all where its model says that it gives one tensor.
class Forgetful : public InferenceBackend {
public:
    [[nodiscard]] std::string server_name() const override { return "forgetful"; }
    [[nodiscard]] bool ready() const override { return true; }
    [[nodiscard]] std::vector<std::string> model_names() const override { return {"m"}; }
    [[nodiscard]] std::optional<ServedModel> find_model(const std::string& name) const override {
        return ServedModel{name, "test", {parse_input_spec("x=2:uint8")}, {parse_input_spec("y=2:uint8")}};
    }
    void start(InferenceCall call, Answered answered) override {
        if (forgets) call.inputs.clear();
        answered(call.inputs);
    }
    void ended(ClientProtocol /*protocol*/, InferenceResult result, Nanoseconds /*duration*/) override {
        const std::lock_guard lock(mutex_);
        results_.push_back(result);
    }
    [[nodiscard]] std::vector<InferenceResult> results() {
        const std::lock_guard lock(mutex_);
        return results_;
    }

    std::atomic<bool> forgets = false;

private:
    std::mutex mutex_;
    std::vector<InferenceResult> results_;
};

TEST_CASE("a call whose answer cannot be written is told so, and the next is answered") {
    Forgetful backend;
    const auto service = make_inference_service(backend);
    {
        const GrpcServer server({"127.0.0.1:0"}, {service.get()}, Bytes(1 << 20));
        const auto stub = inference::GRPCInferenceService::NewStub(
            grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
        for (const bool forgets : {true, false}) {
            CAPTURE(forgets);
            backend.forgets = forgets;
            inference::ModelInferRequest request;
            request.set_model_name("m");
            auto& input = *request.add_inputs();
            input.set_name("x");
            input.set_datatype("UINT8");
            input.add_shape(2);
            request.add_raw_input_contents("ab");
            grpc::ClientContext context;
            context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
            inference::ModelInferResponse response;
            const grpc::Status status = stub->ModelInfer(&context, request, &response);
            CHECK(status.error_code() == (forgets ? grpc::StatusCode::INTERNAL : grpc::StatusCode::OK));
            if (forgets) CHECK(status.error_message().starts_with("the answer cannot be written"));
        }
    }
    CHECK(backend.results() == std::vector<InferenceResult>{InferenceResult::kFailed, InferenceResult::kOk});
}

}  // namespace
}  // namespace carbonedge
