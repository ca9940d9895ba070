#include "lib/measure/clocks.h"
#include "lib/runtime/builtin_stage.h"
#include "lib/runtime/control_client.h"
#include "lib/runtime/gateway.h"
#include "lib/runtime/node_server.h"
#include "lib/runtime/private_directory.h"
#include "lib/runtime/proto/open_inference.grpc.pb.h"
#include "lib/transport/clocks.h"

#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>
#include <filesystem>
#include <fstream>
#include <future>

namespace carbonedge {
namespace {

constexpr Nanoseconds kTimeout = std::chrono::seconds(30);

/// A node with a stage that takes a message of some size and answers four bytes: what differs between the ways to it is
/// the transport alone. Client and node share this process, so CPU times are of both ends together.
class EchoNode {
public:
    explicit EchoNode(std::int64_t size) : directory_(std::filesystem::temp_directory_path().string()) {
        stage_.inputs = {parse_input_spec("x=" + std::to_string(size) + ":uint8")};
        stage_.outputs = {parse_input_spec("y=4:uint8")};
        stage_.touch = Bytes(16 << 20);  // a network's pass leaves no message in the caches either
        input_ = random_tensor(stage_.inputs[0], 1);
        NodeOptions options;
        options.name = "echo";
        options.directory = directory_.path();
        node_ = std::make_unique<NodeServer>(options, loader_);
        ControlClient control("echo", node_->control_path());
        const std::string path = directory_.path() + "/stage";
        std::ofstream(path, std::ios::binary) << builtin_stage_text(stage_);
        control.load_stage("sink", path, true, kTimeout, {});
        gateway_ = std::make_unique<Gateway>("unix:" + directory_.path() + "/gateway", Bytes(64 << 20), kTimeout);
        control.set_route(0, "sink", {"gateway", gateway_->address(), {}}, kTimeout, {});
        gateway_->connect(0, {"echo", node_->tensors_address(), {}});
    }
    ~EchoNode() { node_.reset(); }

    /// CPU time of the stage itself.
    Nanoseconds ask_by_frames() {
        std::promise<Answer> promise;
        gateway_->submit(0, {view_of(input_)}, nullptr, now_monotonic(),
                         [&promise](Answer answer) { promise.set_value(std::move(answer)); });
        return promise.get_future().get().record.stages.at(0).cpu;
    }

    std::string control_address() const { return "unix:" + node_->control_path(); }
    const HostTensor& input() const { return input_; }

private:
    PrivateDirectory directory_;
    BuiltinStage stage_;
    HostTensor input_;
    BuiltinLoader loader_;
    std::unique_ptr<NodeServer> node_;
    std::unique_ptr<Gateway> gateway_;
};

void state_cpu(benchmark::State& state, Nanoseconds transport) {
    state.counters["transport_cpu_us"] =
        static_cast<double>(transport.count()) * 1e-3 / static_cast<double>(state.iterations());
}

void by_frames(benchmark::State& state) {
    EchoNode node(state.range(0));
    node.ask_by_frames();
    Nanoseconds compute{0};
    const Nanoseconds start = process_cpu_time();
    for (auto _ : state) compute += node.ask_by_frames();
    state_cpu(state, process_cpu_time() - start - compute);
}

void by_inference_protocol(benchmark::State& state) {
    EchoNode node(state.range(0));
    constexpr int kComputeSamples = 100;
    Nanoseconds compute{0};
    for (int i = 0; i < kComputeSamples; ++i) compute += node.ask_by_frames() / kComputeSamples;
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt("grpc.http2.max_frame_size", 16'777'215);
    const auto stub = inference::GRPCInferenceService::NewStub(
        grpc::CreateCustomChannel(node.control_address(), grpc::InsecureChannelCredentials(), arguments));
    inference::ModelInferRequest request;
    request.set_model_name("sink");
    auto& input = *request.add_inputs();
    input.set_name("x");
    input.set_datatype("UINT8");
    input.add_shape(state.range(0));
    request.add_raw_input_contents(node.input().content.data(), node.input().content.size());
    const auto ask = [&] {
        grpc::ClientContext context;
        inference::ModelInferResponse response;
        if (!stub->ModelInfer(&context, request, &response).ok()) state.SkipWithError("the node refused");
    };
    ask();
    const Nanoseconds start = process_cpu_time();
    for (auto _ : state) ask();
    state_cpu(state, process_cpu_time() - start - compute * state.iterations());
}

BENCHMARK(by_frames)->ArgName("bytes")->Arg(4'000)->Arg(602'112)->Arg(4'000'000)->UseRealTime();
BENCHMARK(by_inference_protocol)->ArgName("bytes")->Arg(4'000)->Arg(602'112)->Arg(4'000'000)->UseRealTime();

}  // namespace
}  // namespace carbonedge
