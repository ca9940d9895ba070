#include "lib/runtime/probe.h"

#include "lib/runtime/proto/open_inference.grpc.pb.h"
#include "lib/units/text.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <chrono>

namespace carbonedge {

ProbeVerdict probe(const std::string& address, bool ready, Nanoseconds timeout) {
    const auto stub =
        inference::GRPCInferenceService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::microseconds>(timeout));
    grpc::Status status;
    bool answer = false;
    if (ready) {
        inference::ServerReadyResponse response;
        status = stub->ServerReady(&context, inference::ServerReadyRequest(), &response);
        answer = response.ready();
    } else {
        inference::ServerLiveResponse response;
        status = stub->ServerLive(&context, inference::ServerLiveRequest(), &response);
        answer = response.live();
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
        return {false, fmt::format("no answer within {}", duration_text(to_seconds(timeout)))};
    }
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return {false, "nobody answers there"};
    if (!status.ok()) return {false, status.error_message()};
    if (ready) return {answer, answer ? "ready" : "not ready yet"};
    return {answer, answer ? "live" : "not live"};
}

}  // namespace carbonedge
