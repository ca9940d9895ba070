#include "lib/runtime/proto/open_inference.grpc.pb.h"
#include "lib/runtime/run_plan.h"
#include "tests/support/chain_model.h"
#include "tests/unit/runtime/process_fixture.h"
#include "tests/unit/transport/http_probe.h"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>
#include <malloc.h>
#include <thread>

namespace carbonedge {
namespace {

/// What this process has allocated and not freed, whatever the allocator keeps.
std::int64_t allocated() {
    const struct mallinfo2 now = ::mallinfo2();
    return static_cast<std::int64_t>(now.uordblks + now.hblkhd);
}

/// Calls a service over gRPC and REST in turn, each with one kept connection.
class Clients {
public:
    Clients(const std::string& grpc_address, const std::string& http_address)
        : stub_(inference::GRPCInferenceService::NewStub(
              grpc::CreateChannel(grpc_address, grpc::InsecureChannelCredentials()))),
          rest_(http_address) {}

    bool call_grpc() {
        grpc::ClientContext context;
        inference::ModelInferRequest request;
        request.set_model_name("chain");
        auto& input = *request.add_inputs();
        input.set_name("x");
        input.set_datatype("UINT8");
        input.add_shape(4);
        request.add_raw_input_contents(std::string(4, '\1'));
        inference::ModelInferResponse response;
        return stub_->ModelInfer(&context, request, &response).ok() && response.raw_output_contents_size() == 1;
    }
    bool call_rest() {
        rest_.send(
            "POST /v2/models/chain/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 73\r\n\r\n"
            R"({"inputs":[{"name":"x","datatype":"UINT8","shape":[4],"data":[1,2,3,4]}]})");
        return rest_.read().head.starts_with("HTTP/1.1 200");
    }
    bool read_metrics() {
        rest_.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        return rest_.read().head.starts_with("HTTP/1.1 200");
    }

private:
    std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
    HttpProbe rest_;
};

TEST_CASE("a service keeps nothing of the requests that it has answered") {
    BuiltinStage stage;
    stage.inputs = {parse_input_spec("x=4:uint8")};
    stage.outputs = stage.inputs;
    const std::vector<BuiltinStage> stages{stage};
    const TemporaryFolder folder;
    ChainModel model(stages);
    Plan plan = plan_of(stages);
    plan.profiles[0].model_sha256 = model.sha256();
    plan.profiles[0].inputs = {"x=4:uint8"};
    RunOptions options;
    options.engine = test_engine(folder);
    options.service.addresses = {"127.0.0.1:0", "127.0.0.1:0"};
    options.service.most_logged = 1000;

    constexpr int kBlocks = 5;
    constexpr int kRounds = 2500;  // of a block: a call over gRPC and one over REST
    std::vector<std::int64_t> after_block;
    int bad = 0;
    std::int64_t lines = 0;
    std::stop_source stop;
    std::jthread client;
    std::string grpc_address;
    RunListener listener;
    listener.log = [&lines](const std::string&) { ++lines; };
    listener.note = [&](const std::string& note) {
        const std::size_t at = note.rfind(" at ");
        if (!note.starts_with("serving ") || at == std::string::npos) return;
        const std::string address = note.substr(at + 4);
        if (!address.starts_with("http://")) {
            grpc_address = address;
            return;
        }
        client = std::jthread([&, address] {
            Clients clients(grpc_address, address);
            for (int block = 0; block < kBlocks; ++block) {
                for (int i = 0; i < kRounds; ++i) {
                    bad += clients.call_grpc() ? 0 : 1;
                    bad += clients.call_rest() ? 0 : 1;
                }
                bad += clients.read_metrics() ? 0 : 1;
                after_block.push_back(allocated());
            }
            stop.request_stop();
        });
    };
    const RunSummary summary = run_plan(plan, model, options, listener, stop.get_token());
    client.join();
    CHECK(bad == 0);
    REQUIRE(summary.service.has_value());
    CHECK(summary.service->succeeded == 2 * kRounds * kBlocks);
    CHECK(summary.service->unlogged == 2 * kRounds * kBlocks - 1000);
    CHECK(lines < 1100);
    // The first block fills pools and tables. A record or a deadline that is kept would be 16 bytes a request and more.
    CAPTURE(after_block.front());
    CAPTURE(after_block.back());
    CHECK(after_block.back() - after_block.front() < 4 * 2 * kRounds * (kBlocks - 1));
}

}  // namespace
}  // namespace carbonedge
