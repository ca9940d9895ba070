#include "lib/runtime/gateway_server.h"
#include "lib/runtime/service_metrics.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/transport/http_probe.h"

#include <doctest/doctest.h>
#include <thread>

namespace carbonedge {
namespace {

const std::string kInfer =
    "POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 73\r\n\r\n"
    R"({"inputs":[{"name":"x","datatype":"UINT8","shape":[4],"data":[1,2,3,4]}]})";

/// A gateway whose only node is the test: it answers when the test wants it to.
struct Service {
    explicit Service(std::size_t most_in_flight)
        : listener(listen_for_frames("unix:" + folder.file("node"), {})),
          gateway("unix:" + folder.file("gateway"), Bytes(1 << 20), std::chrono::seconds(60)) {
        gateway.connect(0, {"n", listener->address(), {}});
        from_gateway = listener->accept();
        to_gateway = connect_frames(gateway.address(), "gateway", {});
        GatewayServer::Observers observers;
        observers.answered = [this](const RequestRecord& record, ClientProtocol) { records.push_back(record); };
        observers.ended = [this](ClientProtocol, InferenceResult result, Nanoseconds) {
            const std::lock_guard lock(mutex);
            results.push_back(result);
        };
        server = std::make_unique<GatewayServer>(
            gateway, ServedModel{"m", "test", {parse_input_spec("x=4:uint8")}, {parse_input_spec("y=4:uint8")}},
            LoadGenerator::Routing{[] { return std::size_t{0}; }, {}}, ServiceAddresses{"", "127.0.0.1:0"},
            most_in_flight, std::move(observers));
    }

    ReceivedFrame next_request() {
        return *from_gateway->receive(*pool, 1 << 20, [](const FrameHead&) { return ""; });
    }
    void answer(const ReceivedFrame& request) {
        FrameHead head = request.head;
        head.stages.emplace_back().node = "n";
        to_gateway->send(head, request.tensors);
    }

    TemporaryFolder folder;
    std::shared_ptr<BufferPool> pool = BufferPool::create();
    std::unique_ptr<FrameListener> listener;
    Gateway gateway;
    std::unique_ptr<FrameStream> from_gateway;
    std::unique_ptr<FrameStream> to_gateway;
    std::vector<RequestRecord> records;
    std::mutex mutex;
    std::vector<InferenceResult> results;
    std::unique_ptr<GatewayServer> server;
};

TEST_CASE("a service refuses what is too much, drains, and refuses everything after") {
    Service service(2);
    const std::string address = service.server->addresses().http;
    HttpProbe first(address);
    first.send(kInfer);
    const ReceivedFrame first_request = service.next_request();
    HttpProbe second(address);
    second.send(kInfer);
    const ReceivedFrame second_request = service.next_request();
    CHECK(service.server->in_flight() == 2);

    HttpProbe third(address);
    third.send(kInfer);
    const HttpProbe::Message busy = third.read();
    CHECK(busy.head.starts_with("HTTP/1.1 503"));
    CHECK(busy.head.find("Retry-After: 1") != std::string::npos);
    CHECK(busy.body == "{\"error\":\"2 requests are in flight already; try again later\"}\n");

    CHECK(service.server->ready());
    CHECK(service.server->drain(Nanoseconds(1), {}) == 2);
    CHECK_FALSE(service.server->ready());
    third.send("GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(third.read().head.starts_with("HTTP/1.1 503"));
    third.send(kInfer);
    const HttpProbe::Message refused = third.read();
    CHECK(refused.head.starts_with("HTTP/1.1 503"));
    CHECK(refused.body == "{\"error\":\"the server is ending; ask another\"}\n");
    third.send("GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(third.read().head.starts_with("HTTP/1.1 200"));

    std::size_t left = 99;
    std::thread draining([&] { left = service.server->drain(std::chrono::seconds(60), {}); });
    service.answer(second_request);
    CHECK(second.read().body.find(R"("data":[1,2,3,4])") != std::string::npos);
    service.answer(first_request);
    CHECK(first.read().head.starts_with("HTTP/1.1 200"));
    draining.join();
    CHECK(left == 0);
    CHECK(service.records.size() == 2);
}

TEST_CASE("what is in flight when the patience is over, or at a second request to stop, fails") {
    Service service(2);
    HttpProbe client(service.server->addresses().http);
    client.send(kInfer);
    const ReceivedFrame request = service.next_request();
    std::stop_source at_once;
    std::size_t left = 0;
    std::thread draining([&] { left = service.server->drain(std::chrono::hours(1), at_once.get_token()); });
    at_once.request_stop();
    draining.join();
    CHECK(left == 1);
    service.gateway.fail_all("the server has ended");
    const HttpProbe::Message answer = client.read();
    CHECK(answer.head.starts_with("HTTP/1.1 500"));
    CHECK(answer.body == "{\"error\":\"the server has ended\"}\n");
    service.server.reset();
    CHECK(service.results == std::vector<InferenceResult>{InferenceResult::kFailed});
}

TEST_CASE("metrics count by outcome and never fall") {
    Plan plan;
    plan.name = "a \"plan\"\n";
    Node node;
    node.name = "n";
    node.zone = "DE";
    plan.cluster.nodes.push_back(node);
    Pipeline pipeline;
    PlannedStage stage;
    stage.node = "n";
    stage.layers = {2, 5};
    pipeline.stages.push_back(stage);
    plan.pipelines.push_back(pipeline);
    ServiceMetrics metrics(plan, "process", "model:cpu-seconds");
    metrics.call_ended(ClientProtocol::kRest, InferenceResult::kOk, std::chrono::milliseconds(3));
    metrics.call_ended(ClientProtocol::kRest, InferenceResult::kOk, std::chrono::minutes(2));
    metrics.call_ended(ClientProtocol::kGrpc, InferenceResult::kInvalid, std::chrono::milliseconds(1));
    RequestRecord record;
    StageRecord ran;
    ran.node = "n";
    ran.queue = std::chrono::milliseconds(500);
    record.stages = {ran, ran};
    metrics.request_answered(record);
    ServiceMetrics::Now now;
    now.ready = true;
    now.in_flight = 3;
    NodeRecord used;
    used.node = "n";
    used.compute_cpu = std::chrono::seconds(2);
    used.total_cpu = std::chrono::seconds(3);
    used.compute_energy.joules = Joules(8);
    used.compute_grams = GramsCo2e(0.25);
    now.account.nodes = {used};
    const auto has = [](const std::string& text, const std::string& line) {
        return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
    };
    const std::string text = metrics.text(now);
    CAPTURE(text);
    CHECK(has(text, "carbonedge_ready 1"));
    CHECK(has(text, "carbonedge_requests_in_flight 3"));
    CHECK(has(text, R"(carbonedge_requests_total{protocol="rest",outcome="ok"} 2)"));
    CHECK(has(text, R"(carbonedge_requests_total{protocol="grpc",outcome="invalid"} 1)"));
    CHECK(has(text, R"(carbonedge_requests_total{protocol="grpc",outcome="failed"} 0)"));
    CHECK(has(text, R"(carbonedge_request_duration_seconds_bucket{protocol="rest",le="0.0025"} 0)"));
    CHECK(has(text, R"(carbonedge_request_duration_seconds_bucket{protocol="rest",le="0.005"} 1)"));
    CHECK(has(text, R"(carbonedge_request_duration_seconds_bucket{protocol="rest",le="60"} 1)"));
    CHECK(has(text, R"(carbonedge_request_duration_seconds_bucket{protocol="rest",le="+Inf"} 2)"));
    CHECK(has(text, R"(carbonedge_request_duration_seconds_count{protocol="rest"} 2)"));
    CHECK(has(text, R"(carbonedge_stage_info{pipeline="0",stage="0",node="n",zone="DE",layers="2-4"} 1)"));
    CHECK(has(text, R"(carbonedge_node_queue_seconds_total{node="n",zone="DE"} 1)"));
    CHECK(has(text, R"(carbonedge_node_stages_total{node="n",zone="DE"} 2)"));
    CHECK(has(text, R"(carbonedge_node_cpu_seconds_total{node="n",zone="DE",part="compute"} 2)"));
    CHECK(has(text, R"(carbonedge_node_cpu_seconds_total{node="n",zone="DE",part="transport"} 1)"));
    CHECK(
        has(text, R"(carbonedge_node_energy_joules_total{node="n",zone="DE",part="compute",obtained="estimated"} 8)"));
    CHECK(has(text,
              R"(carbonedge_node_emissions_grams_total{node="n",zone="DE",part="compute",obtained="estimated"} 0.25)"));
    CHECK(text.find(R"(plan="a \"plan\"\n")") != std::string::npos);

    now.account.nodes[0].compute_cpu = std::chrono::seconds(1);
    now.account.nodes[0].compute_energy.provenance = Provenance::kMeasured;
    const std::string later = metrics.text(now);
    CHECK(has(later, R"(carbonedge_node_cpu_seconds_total{node="n",zone="DE",part="compute"} 2)"));
    CHECK(later.find(R"(part="compute",obtained="measured"} 8)") != std::string::npos);
}

}  // namespace
}  // namespace carbonedge
