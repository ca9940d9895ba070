#include "lib/runtime/inference_service.h"

#include "lib/runtime/grpc_server.h"
#include "tests/unit/runtime/one_model_backend.h"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <atomic>
#include <mutex>

namespace carbonedge {
namespace {

/// Gives back what it takes, or nothing at all where its model says that it gives one tensor.
class Forgetful : public OneModelBackend {
public:
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
            const inference::ModelInferRequest request = two_bytes();
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
