#include "benchmarks/transport_floor/contender.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/node_server.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"
#include "lib/transport/clocks.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

namespace carbonedge {
namespace {

constexpr Nanoseconds kTimeout = std::chrono::seconds(30);
constexpr std::int64_t kLongest = 64 << 20;

/// Gives back what it gets, in the same message types.
class BareEcho final : public inference::GRPCInferenceService::Service {
    grpc::Status ModelInfer(grpc::ServerContext* /*context*/, const inference::ModelInferRequest* request,
                            inference::ModelInferResponse* response) override {
        *response->mutable_raw_output_contents() = request->raw_input_contents();
        return grpc::Status::OK;
    }
};

void serve_bare(const std::string& address) {
    BareEcho echo;
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(-1);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument("grpc.http2.max_frame_size", 16'777'215);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&echo);
    builder.BuildAndStart()->Wait();
}

/// A stage of a node takes one shape, so there is a stage for each size.
std::string model_of(std::size_t bytes) { return "echo_" + std::to_string(bytes); }

void serve_node(const std::string& folder) {
    BuiltinLoader loader;
    NodeOptions options;
    options.name = "echo";
    options.directory = folder;
    options.longest_message = Bytes(kLongest);
    NodeServer node(options, loader);
    ::pause();
}

class GrpcContender final : public Contender {
public:
    GrpcContender(std::string address, std::string folder, std::unique_ptr<ChildProcess> child)
        : address_(std::move(address)), folder_(std::move(folder)), child_(std::move(child)) {}

    std::vector<double> one_way_ns(std::size_t bytes, std::size_t count) override {
        connect();
        if (!folder_.empty() && !loaded_[bytes]) load(bytes);
        inference::ModelInferRequest request;
        request.set_model_name(model_of(bytes));
        auto& input = *request.add_inputs();
        input.set_name("x");
        input.set_datatype("UINT8");
        input.add_shape(static_cast<std::int64_t>(bytes));
        request.add_raw_input_contents(std::string(bytes, '\1'));
        std::vector<double> times;
        for (std::size_t i = 0; i < count; ++i) {
            grpc::ClientContext context;
            inference::ModelInferResponse response;
            const Nanoseconds start = now_monotonic();
            const grpc::Status status = stub_->ModelInfer(&context, request, &response);
            times.push_back(static_cast<double>((now_monotonic() - start).count()) / 2);
            if (!status.ok()) throw std::runtime_error(status.error_message());
        }
        return times;
    }

private:
    /// Late: gRPC's threads do not survive a fork, so every child must have started.
    void connect() {
        if (stub_) return;
        grpc::ChannelArguments arguments;
        arguments.SetMaxReceiveMessageSize(-1);
        arguments.SetMaxSendMessageSize(-1);
        arguments.SetInt("grpc.http2.max_frame_size", 16'777'215);
        auto channel = grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
        if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30))) {
            throw std::runtime_error("no gRPC server at " + address_);
        }
        stub_ = inference::GRPCInferenceService::NewStub(channel);
    }
    void load(std::size_t bytes) {
        BuiltinStage stage;
        stage.inputs = {parse_input_spec("x=" + std::to_string(bytes) + ":uint8")};
        stage.outputs = {parse_input_spec("y=" + std::to_string(bytes) + ":uint8")};
        const std::string path = folder_ + "/stage";
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stage);
        ControlClient control("echo", folder_ + "/echo.control");
        control.load_stage(model_of(bytes), path, true, kTimeout, {});
        loaded_[bytes] = true;
    }

    std::string address_;
    std::string folder_;
    std::unique_ptr<ChildProcess> child_;
    std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
    std::map<std::size_t, bool> loaded_;
};

}  // namespace

ContenderPointer make_bare_grpc(const std::string& folder) {
    const std::string address = "unix:" + folder + "/bare.grpc";
    auto child = std::make_unique<ChildProcess>([&] { serve_bare(address); });
    return std::make_unique<GrpcContender>(address, "", std::move(child));
}

ContenderPointer make_infer_grpc(const std::string& folder) {
    auto child = std::make_unique<ChildProcess>([&] { serve_node(folder); });
    return std::make_unique<GrpcContender>("unix:" + folder + "/echo.control", folder, std::move(child));
}

}  // namespace carbonedge
